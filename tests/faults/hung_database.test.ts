/** A database that neither answers nor ends (SIGSTOP): every request is answered in time all the same. */
import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { type Answer, Client } from "../support/client.ts";
import { Database, serverProcess } from "../support/postgres.ts";
import { until } from "../support/until.ts";
import { dataFolder, expectStatus, startMachi } from "./setting.ts";

const answerTime = 4000;
// Tenants and registrations may be asked for first, half a second each, and a busy machine is slow.
const latest = answerTime + 1000 + 1500;
const n = (value: number): unknown => ({ n: { type: "Number", value } });

function childrenOf(parent: number): number[] {
  const text = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8");
  return text.trim().split(/\s+/).filter((word) => word !== "").map(Number);
}

/** Stops processes until the test ends, or `go` is called. */
function stopped(processes: number[]): { go: () => void } {
  let still = true;
  const go = (): void => {
    if (!still) return;
    still = false;
    for (const each of processes) {
      try {
        process.kill(each, "SIGCONT");
      } catch {
        // It has ended meanwhile.
      }
    }
  };
  for (const each of processes) process.kill(each, "SIGSTOP");
  onTestFinished(go);
  return { go };
}

/** Every process of the private server. */
function wholeServer(data: string): number[] {
  const server = serverProcess(data);
  if (server === undefined) throw new Error("there is no server");
  return [server, ...childrenOf(server)];
}

/** Those that serve connections of Machi. */
async function backends(database: Database, condition = "true"): Promise<number[]> {
  const sql = `select pid from pg_stat_activity where application_name = 'machi' and pid <> pg_backend_pid() and ${condition}`;
  return (await database.query<{ pid: number }>(sql)).map((row) => row.pid);
}

/** Stops all backends while none of them does anything: one in the middle of its commit would hold up every other. */
async function idleBackendsStopped(database: Database): Promise<{ go: () => void }> {
  for (;;) {
    const all = await backends(database);
    const hanging = stopped(all);
    const busy = await backends(database, `state <> 'idle' and pid in (${all.join(", ")})`);
    if (busy.length === 0) return hanging;
    hanging.go();
  }
}

interface Timed {
  answer: Answer;
  took: number;
  what: string;
}

async function timed(what: string, request: Promise<Answer>): Promise<Timed> {
  const began = Date.now();
  const answer = await request;
  return { answer, took: Date.now() - began, what };
}

function expectToComeLater({ answer, took, what }: Timed): void {
  expect(answer.status, `${what}: ${answer.text}`).toBe(503);
  expect(Number(answer.headers.get("Retry-After"))).toBeGreaterThan(0);
  expect(answer.json).toMatchObject({ error: expect.any(String) as string, description: expect.any(String) as string });
  expect(took, what).toBeLessThan(latest);
}

test("while the whole server hangs writes and reads are answered 503 in time, and work goes on when it goes on", async () => {
  const data = dataFolder();
  const machi = await startMachi({ data, settings: { MACHI_DATABASE_ANSWER_TIME: `${answerTime}ms` } });
  const client = new Client(machi.url);
  await expectStatus(201, client.post("/v2/entities", { id: "E", type: "T", ...(n(0) as object) }));
  const server = stopped(wholeServer(data));
  const requests = [
    ...Array.from({ length: 20 }, (_, i) => timed("patch", new Client(machi.url).patch("/v2/entities/E/attrs", n(i)))),
    ...Array.from({ length: 20 }, (_, i) => timed("post", new Client(machi.url).post("/v2/entities", { id: `F${i}`, type: "T" }))),
    ...Array.from({ length: 20 }, () => timed("get", new Client(machi.url).get("/v2/entities/E"))),
  ];
  for (const each of await Promise.all(requests)) expectToComeLater(each);
  server.go();
  const patch = (): Promise<number> => client.patch("/v2/entities/E/attrs", n(100)).then((answer) => answer.status);
  await until(patch, (status) => status === 204, 30_000);
  expect((await client.get("/v2/entities/E?options=keyValues")).json).toMatchObject({ n: 100 });
  await machi.stop();
});

test("when only the connections hang, writes and reads succeed on new ones within the time", async () => {
  const data = dataFolder();
  const machi = await startMachi({ data, settings: { MACHI_SERVER_LOOPS: "1" } });
  const client = new Client(machi.url);
  await expectStatus(201, client.post("/v2/entities", { id: "E", type: "T", ...(n(0) as object) }));
  const hanging = await idleBackendsStopped(Database.of(data));
  const [write, read] = await Promise.all([timed("patch", client.patch("/v2/entities/E/attrs", n(1))), timed("get", new Client(machi.url).get("/v2/entities/E"))]);
  expect(write.answer.status, write.answer.text).toBe(204);
  expect(read.answer.status, read.answer.text).toBe(200);
  for (const { took } of [write, read]) expect(took).toBeLessThan(11_500);
  hanging.go();
  await machi.stop();
});

test("a write that hangs in its commit is answered as of unknown outcome", async () => {
  const data = dataFolder();
  const machi = await startMachi({ data, settings: { MACHI_DATABASE_ANSWER_TIME: `${answerTime}ms` } });
  const client = new Client(machi.url);
  await expectStatus(201, client.post("/v2/entities", { id: "E", type: "T", ...(n(0) as object) }));
  const database = Database.of(data);
  // The commit itself takes long, and then its process hangs.
  await database.execute(`create function machi.dawdle() returns trigger language plpgsql as $$ begin perform pg_sleep(30); return new; end $$`);
  await database.execute(`create constraint trigger dawdle after update on machi.entity deferrable initially deferred
    for each row execute function machi.dawdle()`);
  const patch = timed("patch", client.patch("/v2/entities/E/attrs", n(1)));
  const [dawdling] = await until(() => backends(database, "wait_event = 'PgSleep'"), (found) => found.length === 1);
  const backend = stopped([dawdling ?? 0]);
  const answered = await patch;
  expectToComeLater(answered);
  expect(answered.answer.text).toContain("it is not known whether the change was stored");
  // The locks of its process are given back with it.
  process.kill(dawdling ?? 0, "SIGKILL");
  backend.go();
  const next = async (): Promise<number> => {
    await database.execute("drop trigger if exists dawdle on machi.entity");
    return (await client.patch("/v2/entities/E/attrs", n(2))).status;
  };
  await until(() => next().catch(() => 0), (status) => status === 204, 30_000);
  await machi.stop();
});

/**
 * `kill -9` of the private PostgreSQL under write load. MACHI_FAULT_ROUNDS sets how often (default 4; the figure of the
 * issue is 20).
 */
import { expect, test } from "vitest";
import { Client } from "../support/client.ts";
import { Database, serverProcess } from "../support/postgres.ts";
import { until } from "../support/until.ts";
import { Ledger } from "./load.ts";
import { dataFolder, startMachi, startReceiver, subscribe } from "./setting.ts";

const rounds = Number(process.env["MACHI_FAULT_ROUNDS"] ?? 4);

test(
  "kill -9 of PostgreSQL under load: Machi starts it again and goes on, no answered write and no notification is lost",
  async () => {
    const data = dataFolder();
    const receiver = await startReceiver();
    const ledger = new Ledger(8);
    const machi = await startMachi({ data });
    await subscribe(new Client(machi.url), "Load", receiver.url);
    await ledger.prepare(new Client(machi.url));
    for (let round = 1; round <= rounds; round += 1) {
      const load = ledger.start(machi.url, { endWithoutAnswer: false });
      await ledger.moreAnswers(50 + Math.floor(Math.random() * 250));
      const server = serverProcess(data);
      if (server === undefined) throw new Error("there is no server to kill");
      process.kill(server, "SIGKILL");
      await until(() => Promise.resolve(serverProcess(data)), (present) => present !== undefined && present !== server, 60_000);
      await ledger.moreAnswers(200);
      await load.stop();
      await ledger.compareWith(Database.of(data));
      await ledger.allNotified(receiver, 30_000);
    }
    const statuses = new Set([...ledger.refusals.keys()].map((refusal) => refusal.slice(0, 3)));
    expect([...statuses].filter((status) => status !== "503"), [...ledger.refusals.keys()].join("\n")).toEqual([]);
    expect(ledger.unanswered, "connections closed without an answer").toBe(0);
    await machi.stop();
  },
  60_000 + rounds * 60_000,
);

test("while PostgreSQL is away a write answers 503 with a body that says so, and later writes succeed", async () => {
  const data = dataFolder();
  const machi = await startMachi({ data });
  const client = new Client(machi.url);
  expect((await client.post("/v2/entities", { id: "E", type: "T", n: { type: "Number", value: 0 } })).status).toBe(201);
  const server = serverProcess(data);
  if (server === undefined) throw new Error("there is no server to stop");
  // A stopped server neither answers nor ends, so Machi must give up by itself.
  process.kill(server, "SIGSTOP");
  const children = await childrenOf(server);
  for (const child of children) process.kill(child, "SIGSTOP");
  const answer = await client.patch("/v2/entities/E/attrs", { n: { type: "Number", value: 1 } });
  for (const child of children) process.kill(child, "SIGCONT");
  process.kill(server, "SIGCONT");
  expect(answer.status).toBe(503);
  expect(answer.json).toMatchObject({ error: expect.any(String) as string, description: expect.any(String) as string });
  const patch = (): Promise<number> => client.patch("/v2/entities/E/attrs", { n: { type: "Number", value: 2 } }).then((a) => a.status);
  await until(patch, (status) => status === 204, 30_000);
  expect((await client.get("/v2/entities/E?options=keyValues")).json).toMatchObject({ n: 2 });
  await machi.stop();
});

async function childrenOf(parent: number): Promise<number[]> {
  const { readFile } = await import("node:fs/promises");
  const text = await readFile(`/proc/${parent}/task/${parent}/children`, "utf8");
  return text.trim().split(/\s+/).filter((word) => word !== "").map(Number);
}

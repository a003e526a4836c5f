/** What a node's name is for: its successor takes its leases over at once, and shuts it out if it still lives. */
import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { Client } from "../support/client.ts";
import { temporaryFolder } from "../support/machi.ts";
import { Cluster, type Database } from "../support/postgres.ts";
import { until } from "../support/until.ts";
import { expectStatus, startMachi, startNode, startReceiver, subscribe } from "./setting.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(() => cluster.stop());

function leasesOf(database: Database): Promise<{ node: string; slots: number; fencing: number }[]> {
  return database.query("select node, count(*)::int as slots, min(fencing)::int as fencing from machi.consumer where lease_until > now() group by node");
}

const holdsAll = (rows: { slots: number }[]): boolean => rows.length === 1 && rows[0]?.slots === 64;

/** A node that keeps the name that it made for itself: on a shared database, with a data folder that stays. */
function startUnnamed(database: Database, data: string): ReturnType<typeof startMachi> {
  return startMachi({ data, settings: { MACHI_DATABASE_URL: database.url } });
}

test("a node that was killed delivers within two seconds of its next start, by a name of its own in the data folder", async () => {
  const database = await cluster.emptyDatabase();
  const data = temporaryFolder();
  onTestFinished(() => {
    rmSync(data, { recursive: true, force: true });
  });
  const receiver = await startReceiver();
  const first = await startUnnamed(database, data);
  await subscribe(new Client(first.url), "T", receiver.url);
  await until(() => leasesOf(database), holdsAll);
  await first.kill();
  const second = await startUnnamed(database, data);
  const since = Date.now();
  await expectStatus(201, new Client(second.url).post("/v2/entities", { id: "E", type: "T", n: { type: "Number", value: 1 } }));
  await receiver.waitFor(1);
  expect((receiver.received[0]?.at ?? Infinity) - since).toBeLessThan(2000);
  await second.stop();
});

test("two processes on one data folder do not share a name", async () => {
  const database = await cluster.emptyDatabase();
  const data = temporaryFolder();
  onTestFinished(() => {
    rmSync(data, { recursive: true, force: true });
  });
  const first = await startUnnamed(database, data);
  const second = await startUnnamed(database, data);
  await until(() => leasesOf(database), (rows) => rows.length === 2 && rows.every((row) => row.slots === 32), 20_000);
  await first.stop();
  await second.stop();
});

test("a node that lives on beside a successor of its name holds nothing any more, and its successor keeps what it has", async () => {
  const database = await cluster.emptyDatabase();
  const receiver = await startReceiver();
  const first = await startNode(database, "same");
  await subscribe(new Client(first.url), "T", receiver.url);
  const [before] = await until(() => leasesOf(database), holdsAll);
  const second = await startNode(database, "same");
  await until(() => leasesOf(database), (rows) => holdsAll(rows) && (rows[0]?.fencing ?? 0) > (before?.fencing ?? 0));
  await until(() => Promise.resolve(first.lastLog()), (log) => log.includes('"slots":0'));
  const [after] = await leasesOf(database);
  for (let i = 0; i < 20; i += 1) await expectStatus(201, new Client(first.url).post("/v2/entities", { id: `E${i}`, type: "T", n: { type: "Number", value: 1 } }));
  await receiver.waitFor(20);
  // The older one ends, and takes nothing away from the younger.
  await first.stop();
  await expectStatus(201, new Client(second.url).post("/v2/entities", { id: "Last", type: "T", n: { type: "Number", value: 1 } }));
  await receiver.waitFor(21);
  expect(await leasesOf(database)).toEqual([after]);
  expect(receiver.received.length).toBe(21);
  await second.stop();
});

/** Three nodes on one database. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { Client } from "../support/client.ts";
import { type Machi, temporaryFolder } from "../support/machi.ts";
import { Cluster, type Database } from "../support/postgres.ts";
import type { Receiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";
import { expectStatus, startNode, startReceiver, subscribe, valuesOf } from "./setting.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(() => cluster.stop());

const number = (value: number): { type: string; value: number } => ({ type: "Number", value });

function slotsOf(database: Database): Promise<{ node: string; slots: number }[]> {
  return database.query("select node, count(*)::int as slots from machi.consumer where lease_until > now() group by node order by node");
}

/** Three nodes that have shared out the slots of the log. */
async function threeNodes(database: Database): Promise<Machi[]> {
  const nodes = await Promise.all(["a", "b", "c"].map((name) => startNode(database, name)));
  const shared = (rows: { slots: number }[]): boolean => rows.length === 3 && rows.reduce((sum, row) => sum + row.slots, 0) === 64;
  await until(() => slotsOf(database), shared, 30_000);
  return nodes;
}

/** Each request goes to the next node. */
function roundRobin(nodes: Machi[]): () => Client {
  const clients = nodes.map((node) => new Client(node.url));
  let turn = 0;
  return () => {
    const client = clients[turn % clients.length];
    turn += 1;
    if (client === undefined) throw new Error("no nodes");
    return client;
  };
}

/** How long after `since` the first notification about an entity came. */
async function delayOf(receiver: Receiver, entity: string, since: number): Promise<number> {
  const [first] = await receiver
    .until((received) => received.some((each) => each.text.includes(`"${entity}"`)), 15_000)
    .then((received) => received.filter((each) => each.text.includes(`"${entity}"`)));
  return (first?.at ?? Infinity) - since;
}

test("three nodes that start at the same time on an empty database all come up and share the work", async () => {
  const database = await cluster.emptyDatabase();
  const nodes = await threeNodes(database);
  const slots = await slotsOf(database);
  expect(slots.map((row) => row.node)).toEqual(["a", "b", "c"]);
  for (const row of slots) expect(row.slots).toBeGreaterThanOrEqual(20);
  const next = roundRobin(nodes);
  for (let i = 0; i < 9; i += 1) await expectStatus(201, next().post("/v2/entities", { id: `E${i}`, type: "T", n: number(i) }));
  for (const node of nodes) expect((await new Client(node.url).get("/v2/entities?type=T")).json).toHaveLength(9);
  for (const node of nodes) await node.stop();
});

test("a subscription made on one node fires within a second for a write on another", async () => {
  const database = await cluster.emptyDatabase();
  const nodes = await threeNodes(database);
  const next = roundRobin(nodes);
  const delays: number[] = [];
  for (let i = 0; i < 30; i += 1) {
    // Ids spread over the slots, so each node delivers some; the write goes to another node than the subscription.
    const receiver = await startReceiver();
    await subscribe(next(), `T${i}`, receiver.url);
    const since = Date.now();
    await expectStatus(201, next().post("/v2/entities", { id: `E${i}`, type: `T${i}`, n: number(i) }));
    delays.push(await delayOf(receiver, `E${i}`, since));
  }
  expect(Math.max(...delays), delays.join(" ")).toBeLessThan(1000);
  for (const node of nodes) await node.stop();
});

test("a node whose key does not open the passwords of the database refuses to start and says what to set", async () => {
  const database = await cluster.emptyDatabase();
  const first = await startNode(database, "first");
  const folder = temporaryFolder();
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const other = startNode(database, "second", join(folder, "other.key"));
  await expect(other).rejects.toThrow(/sealed with another key than that of .*other\.key.*secrets\.key_file/);
  await first.stop();
});

test("a subscription made while a node joins fires for every entity", async () => {
  const database = await cluster.emptyDatabase();
  const first = await startNode(database, "first");
  const client = new Client(first.url);
  const receiver = await startReceiver();
  await until(() => slotsOf(database), (rows) => rows[0]?.slots === 64, 30_000);
  // From before the second node reads the subscriptions until it holds its slots.
  const types: string[] = [];
  let joined = false;
  const subscribing = async (): Promise<void> => {
    while (!joined) {
      types.push(`T${types.length}`);
      await subscribe(client, types.at(-1) ?? "", receiver.url);
    }
  };
  const made = subscribing();
  const second = await startNode(database, "second");
  await until(() => slotsOf(database), (rows) => rows.length === 2 && rows.every((row) => row.slots === 32), 30_000);
  joined = true;
  await made;
  // One subscription at a time would be slow: a batch for each, with entities of both nodes' slots.
  const wanted: string[] = [];
  for (const type of types) {
    const entities = Array.from({ length: 8 }, (_, i) => ({ id: `${type}:${i}`, type, n: number(i) }));
    wanted.push(...entities.map((entity) => entity.id));
    await expectStatus(204, client.post("/v2/op/update", { actionType: "append", entities }));
  }
  const missing = (): Promise<string[]> => {
    const seen = new Set(receiver.received.flatMap((each) => (each.json as { data: { id: string }[] }).data.map((entity) => entity.id)));
    return Promise.resolve(wanted.filter((id) => !seen.has(id)));
  };
  await until(missing, (left) => left.length === 0, 15_000);
  await first.stop();
  await second.stop();
});

test("killing a node that delivers loses no notification, and delivery of its part goes on within 10 s", async () => {
  const database = await cluster.emptyDatabase();
  const nodes = await threeNodes(database);
  const [a, b, c] = nodes as [Machi, Machi, Machi];
  const receiver = await startReceiver();
  await subscribe(new Client(a.url), "T", receiver.url);
  const ids = Array.from({ length: 60 }, (_, i) => `E${i}`);
  for (const id of ids) await expectStatus(201, new Client(b.url).post("/v2/entities", { id, type: "T", n: number(0) }));

  // Writes go on while the node dies, through the two that stay.
  const next = roundRobin([b, c]);
  const answered: { id: string; n: number }[] = [];
  let stopped = false;
  const writing = async (worker: number): Promise<void> => {
    for (let n = 1; !stopped; n += 1) {
      for (let i = worker; i < ids.length; i += 4) {
        const id = ids[i] ?? "";
        await expectStatus(204, next().patch(`/v2/entities/${id}/attrs`, { n: number(n) }));
        answered.push({ id, n });
      }
    }
  };
  const writers = [0, 1, 2, 3].map(writing);
  await until(() => Promise.resolve(answered.length), (count) => count > 200, 30_000);
  await a.kill();
  const killed = Date.now();
  const after = answered.length;
  await until(() => Promise.resolve(answered.length), (count) => count > after + 200, 30_000);
  stopped = true;
  await Promise.all(writers);

  const missing = (): Promise<string[]> => {
    const seen = new Map(ids.map((id) => [id, new Set(valuesOf(receiver, id, "n"))]));
    return Promise.resolve(answered.filter(({ id, n }) => seen.get(id)?.has(n) !== true).map(({ id, n }) => `${id} = ${n}`));
  };
  await until(missing, (left) => left.length === 0, 15_000);
  const last = Math.max(...receiver.received.map((each) => each.at));
  expect(last - killed, "milliseconds from the kill to the last notification").toBeLessThan(10_000);
  await b.stop();
  await c.stop();
});

test("a one-shot subscription fires for exactly one event, whichever nodes the events come from", async () => {
  const database = await cluster.emptyDatabase();
  const nodes = await threeNodes(database);
  const next = roundRobin(nodes);
  const oneShot = await startReceiver();
  const always = await startReceiver();
  const id = await subscribe(next(), "T", oneShot.url, { status: "oneshot" });
  await subscribe(next(), "T", always.url);
  const writes = Array.from({ length: 48 }, (_, i) => expectStatus(201, next().post("/v2/entities", { id: `E${i}`, type: "T", n: number(i) })));
  await Promise.all(writes);
  await always.waitFor(48, 15_000);
  await oneShot.waitFor(1);
  await expectStatus(201, next().post("/v2/entities", { id: "Later", type: "T", n: number(0) }));
  await always.waitFor(49);
  for (const node of nodes) {
    const status = async (): Promise<string> => {
      const answer = await expectStatus(200, new Client(node.url).get(`/v2/subscriptions/${id}`));
      return (answer.json as { status: string }).status;
    };
    await until(status, (seen) => seen === "inactive");
  }
  // All three have delivered everything that they had.
  for (const node of nodes) await node.stop();
  expect(oneShot.received.length).toBe(1);
});

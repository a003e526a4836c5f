/** A write transaction held open holds back the horizon of the change log, and must cost nothing but time. */
import { expect, test } from "vitest";
import { Client } from "../support/client.ts";
import { Cluster } from "../support/postgres.ts";
import { until } from "../support/until.ts";
import { expectStatus, notified, startNode, startReceiver, subscribe } from "./setting.ts";

const entities = 100;
const changesOfEach = 100;
const clientsOfNode = 10;

test("10,000 changes of two nodes, committed while one transaction stays open, are each notified once and in order", async () => {
  const cluster = await Cluster.start();
  try {
    const database = await cluster.emptyDatabase();
    const first = await startNode(database, "first");
    const second = await startNode(database, "second");
    const clients = [new Client(first.url), new Client(second.url)];
    const receiver = await startReceiver();
    // Both hold slots, so both read the log.
    const holders = "select node, count(*)::int as slots from machi.consumer where node is not null and lease_until > now() group by node";
    await until(() => database.query<{ slots: number }>(holders), (rows) => rows.length === 2 && rows.every((row) => row.slots === 32), 30_000);
    await subscribe(new Client(first.url), "Load", receiver.url);

    const session = database.session();
    await session.execute("begin");
    await session.execute("select pg_current_xact_id()");
    await session.execute(
      "insert into machi.audit (principal, operation, resource, outcome, correlator) values ('test', 'hold', '', 'done', '')",
    );
    await writeFromBoth(clients);
    const held = "select count(*)::int as rows from machi.change_log where kind = 1";
    expect(await database.query(held)).toEqual([{ rows: entities * changesOfEach }]);
    expect(receiver.received, "notified before the horizon passed").toEqual([]);
    await session.execute("commit");
    await session.end();

    await receiver.waitFor(entities * changesOfEach, 90_000).catch((error: unknown) => {
      throw new Error(`only ${receiver.received.length} notifications came`, { cause: String(error).slice(0, 200) });
    });
    const values = new Map<string, number[]>();
    for (const each of receiver.received) {
      for (const { id, n } of notified(each.json)) values.set(id, [...(values.get(id) ?? []), n as number]);
    }
    const wanted = Array.from({ length: changesOfEach }, (_, n) => n);
    for (let entity = 0; entity < entities; entity += 1) expect(values.get(`E${entity}`), `E${entity}`).toEqual(wanted);
    // Nothing comes a second time: both nodes have read past everything.
    const places = "select (min(horizon::text::bigint) > (select max(transaction::text::bigint) from machi.change_log))::text as past from machi.consumer";
    await until(() => database.query<{ past: string }>(places), (rows) => rows[0]?.past === "true", 30_000);
    expect(receiver.received.length).toBe(entities * changesOfEach);
    await first.stop();
    await second.stop();
  } finally {
    await cluster.stop();
  }
});

/** Writes 0, 1, 2, … to each entity, in turns through one node and the other. */
async function writeFromBoth(clients: Client[]): Promise<void> {
  const work = async (worker: number): Promise<void> => {
    for (let n = 0; n < changesOfEach; n += 1) {
      for (let entity = worker; entity < entities; entity += clientsOfNode * clients.length) {
        const client = clients[(worker + n) % clients.length];
        if (client === undefined) throw new Error("no client");
        const value = { type: "Number", value: n };
        if (n === 0) await expectStatus(201, client.post("/v2/entities", { id: `E${entity}`, type: "Load", n: value }));
        else await expectStatus(204, client.patch(`/v2/entities/E${entity}/attrs`, { n: value }));
      }
    }
  };
  await Promise.all(Array.from({ length: clientsOfNode * clients.length }, (_, worker) => work(worker)));
}

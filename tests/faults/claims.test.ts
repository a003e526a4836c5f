/**
 * One-shot and throttling: the database decides whether they fire. Neither a crash nor an error between that decision
 * and the delivery may lose the notification.
 */
import { expect, test } from "vitest";
import { Client } from "../support/client.ts";
import type { Machi } from "../support/machi.ts";
import { Database } from "../support/postgres.ts";
import { until } from "../support/until.ts";
import { dataFolder, expectStatus, startMachi, startReceiver, subscribe, valuesOf } from "./setting.ts";

const number = (value: number): { type: string; value: number } => ({ type: "Number", value });

async function create(client: Client, id: string, type: string, n: number): Promise<void> {
  await expectStatus(201, client.post("/v2/entities", { id, type, n: number(n) }));
}

function logged(machi: Machi, text: string): Promise<string> {
  return until(() => Promise.resolve(machi.lastLog()), (log) => log.includes(text), 20_000);
}

test.each([
  ["one-shot", { status: "oneshot" }],
  ["throttled", { throttling: 3600 }],
])("a %s notification that was under way at a kill is repeated, and no other event takes its place", async (_, more) => {
  const data = dataFolder();
  const receiver = await startReceiver();
  receiver.silent = true;
  const first = await startMachi({ data });
  await subscribe(new Client(first.url), "T", receiver.url, more);
  await create(new Client(first.url), "A", "T", 1);
  await receiver.waitFor(1);
  await first.kill();

  receiver.silent = false;
  const second = await startMachi({ data });
  await receiver.waitFor(2, 20_000);
  const always = await startReceiver();
  await subscribe(new Client(second.url), "T", always.url);
  await create(new Client(second.url), "B", "T", 2);
  await always.waitFor(1);
  expect(valuesOf(receiver, "A", "n")).toEqual([1, 1]);
  await second.stop();

  // Delivered once and for all: nothing is left to be repeated.
  const third = await startMachi({ data });
  await create(new Client(third.url), "C", "T", 3);
  await always.waitFor(2);
  expect(receiver.received.length).toBe(2);
  await third.stop();
});

test.each([
  ["one-shot", { status: "oneshot" }],
  ["throttled", { throttling: 3600 }],
])("a %s notification is not lost when the database refuses to decide", async (_, more) => {
  const data = dataFolder();
  const receiver = await startReceiver();
  const machi = await startMachi({ data });
  const before = await startReceiver();
  await subscribe(new Client(machi.url), "Before", before.url);
  await subscribe(new Client(machi.url), "T", receiver.url, more);
  await create(new Client(machi.url), "Before", "Before", 0);
  await before.waitFor(1);
  const database = Database.of(data);
  await database.execute("alter table machi.subscription rename to hidden");
  await create(new Client(machi.url), "A", "T", 1);
  await create(new Client(machi.url), "B", "T", 2);
  await logged(machi, "it could not be decided whether a subscription may notify");
  await database.execute("alter table machi.hidden rename to subscription");
  await receiver.waitFor(1, 20_000);
  expect(valuesOf(receiver, "A", "n")).toEqual([1]);
  await machi.stop();
  expect(receiver.received.length).toBe(1);
});

test("an event is not lost when the name of its tenant cannot be read", async () => {
  const data = dataFolder();
  const receiver = await startReceiver();
  const machi = await startMachi({ data });
  const client = new Client(machi.url, "young");
  const database = Database.of(data);
  // The change can be read at the moment in which the tenants disappear: this transaction hides it until it commits.
  const session = database.session();
  await session.execute("begin");
  await session.execute("select pg_current_xact_id()");
  await subscribe(client, "T", receiver.url);
  await create(client, "A", "T", 1);
  await session.execute("alter table machi.tenant rename to hidden");
  await session.execute("commit");
  await session.end();
  await logged(machi, "the name of a tenant could not be read");
  await database.execute("alter table machi.hidden rename to tenant");
  await receiver.waitFor(1, 20_000);
  expect(valuesOf(receiver, "A", "n")).toEqual([1]);
  await machi.stop();
});

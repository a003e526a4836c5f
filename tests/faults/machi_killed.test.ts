/**
 * `kill -9` of Machi under write load. MACHI_FAULT_ROUNDS sets how often (default 4; the figure of the issue is 20).
 */
import { expect, test } from "vitest";
import { Client } from "../support/client.ts";
import { Database } from "../support/postgres.ts";
import { Ledger } from "./load.ts";
import { dataFolder, startMachi, startReceiver, subscribe } from "./setting.ts";

const rounds = Number(process.env["MACHI_FAULT_ROUNDS"] ?? 4);

test(
  "kill -9 of Machi under load loses no answered write and no notification, and leaves nothing half applied",
  async () => {
    const data = dataFolder();
    const receiver = await startReceiver();
    const ledger = new Ledger(8);
    let machi = await startMachi({ data });
    await subscribe(new Client(machi.url), "Load", receiver.url);
    await ledger.prepare(new Client(machi.url));
    for (let round = 1; round <= rounds; round += 1) {
      const load = ledger.start(machi.url, { endWithoutAnswer: true });
      await ledger.moreAnswers(50 + Math.floor(Math.random() * 350));
      await machi.kill();
      await load.ended;
      machi = await startMachi({ data });
      await ledger.compareWith(Database.of(data));
      await ledger.allNotified(receiver, 20_000);
    }
    expect([...ledger.refusals], "refused").toEqual([]);
    await machi.stop();
  },
  60_000 + rounds * 45_000,
);

test("a change that was answered just before the kill is notified by the next start", async () => {
  const data = dataFolder();
  const receiver = await startReceiver();
  receiver.status = 503;
  let machi = await startMachi({ data });
  const client = new Client(machi.url);
  await subscribe(client, "Last", receiver.url);
  await client.post("/v2/entities", { id: "L", type: "Last", n: { type: "Number", value: 1 } });
  await machi.kill();
  receiver.status = 200;
  const before = receiver.received.length;
  machi = await startMachi({ data });
  await receiver.waitFor(before + 1, 20_000);
  await machi.stop();
});

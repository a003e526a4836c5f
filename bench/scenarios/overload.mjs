// Capacity lowered to some hundred updates a second, then offered half to ten times of it: what is delivered must not
// fall, and refusals must come at once.
import { load, rateOf, update } from "../lib/loadgen.mjs";
import { tenant, withFilledMachi } from "../lib/machi.mjs";

const settings = { MACHI_SERVER_LOOPS: "1", MACHI_DATABASE_WRITE_CONNECTIONS: "1", MACHI_DATABASE_WRITE_BATCH: "16" };
const slowCommit = `
  create schema if not exists bench;
  create function bench.slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.02); return null; end $$;
  create trigger slow after insert on machi.change_log for each statement execute function bench.slow();`;

/** A write that is answered has had all before it done: those that clients of the last load left behind. */
async function untilDrained(machi) {
  const body = JSON.stringify({ temperature: { type: "Number", value: Math.random() } });
  const headers = { "Content-Type": "application/json", "Fiware-Service": tenant };
  let status = 503;
  while (status === 503) {
    const answer = await fetch(`${machi.url}/v2/entities/Sensor-0/attrs`, { method: "PATCH", headers, body });
    status = answer.status;
    if (status === 503) await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (status !== 204) throw new Error(`PATCH: ${status}`);
}

export async function overload(report, { seconds, entities }) {
  const count = Math.min(entities, 10_000);
  await withFilledMachi(count, { settings }, async (machi) => {
    await machi.sql(slowCommit);
    const common = { port: machi.port, requests: [update], seconds, ids: [0, count - 1] };
    const capacity = await rateOf({ ...common, connections: 64 });
    const delivered = new Map();
    let slowestRefusal = 0;
    for (const factor of [0.5, 1, 2, 5, 10]) {
      await untilDrained(machi);
      const result = await load({ ...common, connections: 2000, rate: capacity * factor });
      delivered.set(factor, result.accepted_per_second);
      slowestRefusal = Math.max(slowestRefusal, result.refused.p99 / 1000);
      report.add({ name: `overload, ${factor} x capacity`, figure: result.accepted_per_second, unit: "updates/s", yardstick: capacity, against: "closed loop, 64 connections" });
    }
    report.add({ name: "overload, delivered at 10 x", figure: delivered.get(10), unit: "updates/s", yardstick: Math.max(...delivered.values()), against: "its peak", least: 0.9 });
    report.add({ name: "overload, p99 of a refusal", figure: slowestRefusal, unit: "ms", most: 50 });
  });
}

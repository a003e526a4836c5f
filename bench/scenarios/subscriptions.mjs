// Ten thousand subscriptions, of which one update in a hundred matches ten: what an update costs, how late a notification
// comes, and whether every one comes.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { load, rateOf, template } from "../lib/loadgen.mjs";
import { withFilledMachi } from "../lib/machi.mjs";
import { Running, built } from "../lib/process.mjs";
import { medianOf } from "../lib/report.mjs";

const copies = 10;
const request = template("PATCH", "/v2/entities/Sensor-{id}/attrs", '{"temperature":{"type":"Number","value":{number}},"sentAt":{"type":"Number","value":{now}}}');

/** Seconds of processor time of Machi and its database since they started. */
function processorTime(machi) {
  const ticks = 100;
  let total = 0;
  const ours = new Set([machi.process.pid]);
  const postmaster = Number(readFileSync(join(machi.data, "postgresql/postmaster.pid"), "utf8").split("\n")[0]);
  ours.add(postmaster);
  for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const fields = readFileSync(`/proc/${entry}/stat`, "utf8").replace(/^.*\) /, "").split(" ");
      if (ours.has(Number(entry)) || Number(fields[1]) === postmaster) total += (Number(fields[11]) + Number(fields[12])) / ticks;
    } catch {
      // The process ended while we looked.
    }
  }
  return total;
}

/** Processor time of one update, in microseconds, at the given rate. */
async function costOfUpdate(machi, common, rate, seconds) {
  const before = processorTime(machi);
  const result = await load({ ...common, rate, seconds, warmUp: 0 });
  return ((processorTime(machi) - before) * 1e6) / result.accepted.count;
}

/** Answers the addresses of the subscriptions. */
async function subscribe(machi, sink, matched) {
  const made = [];
  for (let number = 0; number < matched; number += 1) {
    const subscription = {
      subject: { entities: [{ id: `Sensor-${number}`, type: "Sensor" }], condition: { attrs: ["temperature"] } },
      notification: { http: { url: `http://127.0.0.1:${sink}/` }, attrs: ["sentAt"] },
    };
    const answers = await Promise.all(Array.from({ length: copies }, () => machi.request("POST", "/v2/subscriptions", subscription)));
    made.push(...answers.map((answer) => answer.headers.get("location")));
  }
  return made;
}

// The lag alone does not tell: it is measured once a second, and the last changes may not have been read yet.
async function lagIsOver(machi, notifications, seconds) {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const told = (await machi.metric("machi_notifications_sent_total")) >= notifications;
    if (told && (await machi.metric("machi_log_lag_seconds")) < 0.1 && (await machi.metric("machi_notifications_queued")) === 0) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

export async function subscriptions(report, { runs, seconds, entities }) {
  const matched = entities / 100;
  await withFilledMachi(entities, {}, async (machi) => {
    const common = { port: machi.port, requests: [request], ids: [0, entities - 1] };
    const half = (await rateOf({ ...common, seconds })) / 2;
    const costs = () => medianOf(runs, () => costOfUpdate(machi, common, half, seconds));
    const before = await costs();

    const sink = new Running(join(built, "bench/notification_sink"), []);
    const [, port] = await sink.line(/^(\d+)\n/);
    const subscriptions = await subscribe(machi, port, matched);
    const began = Date.now() * 1000;
    const withThem = await costs();
    const changed = Number(
      await machi.sql(`select count(*) from machi.history h join machi.entity e using (tenant, entity_key)
        where h.attribute = 'sentAt' and h.number > ${began} and split_part(e.id, '-', 2)::int < ${matched}`),
    );
    const over = await lagIsOver(machi, changed * copies, 30);
    report.add({ name: "log lag is over after the run", figure: over ? 1 : 0, unit: "yes", least: 1 });
    sink.child.stdin.end();
    await sink.ended;
    const received = JSON.parse(sink.output.split("\n")[1]);
    report.add({ name: "delivery delay p50", figure: received.delay.p50 / 1000, unit: "ms" });
    report.add({ name: "delivery delay p99", figure: received.delay.p99 / 1000, unit: "ms" });
    report.add({ name: "matched updates told to all ten", figure: received.updates_by_notifications[copies] ?? 0, unit: "updates", yardstick: changed, against: `in the history; updates by notifications: ${JSON.stringify(received.updates_by_notifications)}`, least: 1, most: 1 });

    // Before and after: the history that grows makes every update dearer, subscribed or not.
    for (const subscription of subscriptions) await machi.request("DELETE", subscription);
    const without = (before + (await costs())) / 2;
    report.add({ name: `update beside ${subscriptions.length} subscriptions`, figure: withThem, unit: "µs of CPU", yardstick: without, against: "none subscribed", most: 1.1 });
  });
}

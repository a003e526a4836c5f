// Queries over all entities: by type, by an indexed and by a not indexed attribute, at half of their saturated rate; and
// what a crowd of slow queries does to the reads of others.
import { load, rateOf, template } from "../lib/loadgen.mjs";
import { withFilledMachi } from "../lib/machi.mjs";
import { medianOf } from "../lib/report.mjs";

/** Declares the attribute as indexed, as an operator would, and waits until its indexes are built. */
async function index(machi, attribute, seconds) {
  await machi.request("POST", "/resources/indexed-attributes", { type: "Sensor", attribute, value_kind: "any" });
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const { text } = await machi.request("GET", `/resources/indexed-attributes/${encodeURIComponent(`Sensor,${attribute}`)}`);
    if (JSON.parse(text).state === "ready") break;
    if (performance.now() > end) throw new Error(`the index was not built in ${seconds} s: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await machi.sql("analyze machi.entity");
}

const queries = [
  { name: "query by type, 20 entities", path: "/v2/entities?type=Sensor&limit=20", ids: [0, 1], connections: 16, most: 10 },
  { name: "query q=area==… (indexed)", path: "/v2/entities?type=Sensor&q=area=={id}", ids: [0, 4999], connections: 16, most: 10 },
  { name: "query q=district==… (not indexed)", path: "/v2/entities?type=Sensor&q=district=={id}", ids: [0, 4999], connections: 4 },
];

export async function query(report, { runs, seconds, entities }) {
  await withFilledMachi(entities, {}, async (machi) => {
    await index(machi, "area", 120);
    for (const { name, path, ids, connections, most } of queries) {
      const common = { port: machi.port, requests: [template("GET", path)], ids, connections, seconds };
      const rate = await medianOf(runs, () => rateOf(common));
      report.add({ name, figure: rate, unit: "requests/s" });
      const p99 = await medianOf(runs, async () => (await load({ ...common, rate: rate / 2 })).accepted.p99 / 1000);
      report.add({ name: `  its p99 at half load`, figure: p99, unit: "ms", most });
    }
    await crowd(report, machi, { seconds, entities });
  });
}

/** 32 clients with unindexed queries for a minute, while others read by id at a modest rate. */
async function crowd(report, machi, { seconds, entities }) {
  const read = { port: machi.port, requests: [template("GET", "/v2/entities/Sensor-{id}")], ids: [0, entities - 1], rate: 500, connections: 16 };
  const idle = (await load({ ...read, seconds })).accepted.p99;
  const slow = load({ port: machi.port, requests: [template("GET", "/v2/entities?type=Sensor&q=district=={id}")], ids: [0, 4999], connections: 32, seconds: 60, warmUp: 0 });
  const busy = (await load({ ...read, seconds: 50, warmUp: 5 })).accepted.p99;
  const { accepted_per_second: answered, refused_per_second: refused } = await slow;
  report.add({ name: "p99 of reads beside slow queries", figure: busy / 1000, unit: "ms", yardstick: idle / 1000, against: "idle", most: 3 });
  report.add({ name: "  slow queries answered", figure: answered, unit: "requests/s", yardstick: answered + refused, against: "answered and refused" });
}

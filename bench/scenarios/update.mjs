// One attribute changed by PATCH, against the fastest way to do the same work in SQL.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { load, rateOf, template, update as updateRequest } from "../lib/loadgen.mjs";
import { withFilledMachi } from "../lib/machi.mjs";
import { fastest, pgbench, secondsOfSearch, updateScripts } from "../lib/pgbench.mjs";
import { built, root } from "../lib/process.mjs";
import { median } from "../lib/report.mjs";

const clientCounts = [8, 32, 64, 128, 256];

function prepareYardsticks(machi) {
  return machi.sql(readFileSync(join(root, "bench/yardsticks/update_setup.sql"), "utf8"));
}

async function compare(machi, { runs, seconds, last, connections, counts }) {
  await prepareYardsticks(machi);
  const best = await fastest(machi, updateScripts, counts, last);
  const ours = { port: machi.port, requests: [updateRequest], connections, ids: [0, last] };
  // The search has written the yardstick's tables for a while. Machi's get the same: the first change of a page after a
  // checkpoint logs the whole page, and a new connection maps the shared memory page by page.
  await rateOf({ ...ours, seconds: secondsOfSearch(updateScripts, counts) });
  const figures = { machi: [], pgbench: [] };
  for (let i = 0; i < runs; i += 1) {
    figures.pgbench.push(await pgbench(machi, best.script, { clients: best.clients, seconds, last }));
    figures.machi.push(await rateOf({ ...ours, seconds }));
  }
  return { machi: median(figures.machi), pgbench: median(figures.pgbench), best };
}

export async function update(report, { runs, seconds, entities }, connections, least) {
  await withFilledMachi(entities, {}, async (machi) => {
    const counts = connections === 8 ? [8] : clientCounts;
    const { machi: figure, pgbench: yardstick, best } = await compare(machi, { runs, seconds, last: entities - 1, connections, counts });
    report.add({ name: `update-${connections}`, figure, unit: "updates/s", yardstick, against: `${best.script}, ${best.clients} clients`, least });
  });
}

/** Every sync of the disk takes 2 ms longer, for Machi and for the yardstick. */
export async function slowDisk(report, { runs, seconds, entities }) {
  const settings = { LD_PRELOAD: join(built, "bench/libslow_sync.so"), SLOW_SYNC_MICROSECONDS: "2000" };
  await withFilledMachi(entities, { settings }, async (machi) => {
    for (const connections of [8, 64]) {
      const { machi: figure, pgbench: yardstick, best } = await compare(machi, { runs, seconds, last: entities - 1, connections, counts: [connections] });
      report.add({ name: `update-${connections}, 2 ms syncs`, figure, unit: "updates/s", yardstick, against: `${best.script}, ${best.clients} clients`, least: 0.9 });
    }
  });
}

/** All clients on ten entities, and one request in a hundred refused: neither may slow the rest down. */
export async function contention(report, { runs, seconds, entities }) {
  const refusedRequest = template("PATCH", "/v2/entities/Sensor-{id}/attrs", '{"nosuch":{"type":"Number","value":1}}');
  await withFilledMachi(entities, {}, async (machi) => {
    // In turns: what a run leaves behind (history, dirty pages) weighs on all of them alike.
    const variants = { clean: {}, few: { ids: [0, 9] }, mixed: { requests: [[99, updateRequest], [1, refusedRequest]] } };
    const rates = Object.fromEntries(Object.keys(variants).map((name) => [name, []]));
    for (let i = 0; i < runs; i += 1) {
      for (const [name, options] of Object.entries(variants)) {
        const result = await load({ port: machi.port, requests: [updateRequest], seconds, ids: [0, entities - 1], ...options });
        rates[name].push(result.accepted_per_second);
      }
    }
    const clean = median(rates.clean);
    report.add({ name: "update-64, all on 10 entities", figure: median(rates.few), unit: "updates/s", yardstick: clean, against: "spread over all", least: 0.9 });
    report.add({ name: "update-64, 1 % refused", figure: median(rates.mixed), unit: "updates/s", yardstick: clean, against: "none refused", least: 0.9 });
  });
}

async function residentMegabytes(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024;
}

/** What a run of updates leaves: memory of Machi, share of HOT updates, growth of the state table. */
export async function footprint(report, { seconds, entities }) {
  await withFilledMachi(entities, {}, async (machi) => {
    const size = async () => Number(await machi.sql("select pg_total_relation_size('machi.entity') / 1048576.0"));
    const before = await size();
    const count = async () => (await machi.sql("select pg_stat_force_next_flush(); select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where schemaname = 'machi' and relname = 'entity'")).split("\n").at(-1).split("|").map(Number);
    const [updatesBefore, hotBefore] = await count();
    await rateOf({ port: machi.port, requests: [updateRequest], connections: 256, seconds: seconds * 3, ids: [0, entities - 1] });
    const [updates, hot] = await count();
    report.add({ name: "memory of machi after updates", figure: await residentMegabytes(machi.process.pid), unit: "MiB" });
    report.add({ name: "HOT share of updates", figure: (hot - hotBefore) / (updates - updatesBefore), unit: "share", least: 0.95 });
    report.add({ name: "state table after updates", figure: await size(), unit: "MiB", yardstick: before, against: "before them" });
  });
}

// pgbench on Machi's own database: what PostgreSQL does without Machi.
import { join } from "node:path";
import { root, run } from "./process.mjs";
import { tenantNumber } from "./machi.mjs";

/** Transactions a second of a script of bench/yardsticks. */
export async function pgbench(machi, script, { clients, seconds, last }) {
  const args = ["-n", "-M", "prepared", "-j", "2", "-c", clients, "-T", seconds, "-D", `last=${last}`, "-D", `tenant=${await tenantNumber(machi)}`];
  const out = await run("pgbench", [...args, "-f", join(root, "bench/yardsticks", script)].map(String), { env: machi.database });
  if (!/number of failed transactions: 0 /.test(out)) throw new Error(out);
  return Number(/tps = ([\d.]+)/.exec(out)[1]);
}

const secondsOfTry = 3;

/** How long `fastest` keeps the database busy. */
export function secondsOfSearch(scripts, clientCounts) {
  return scripts.length * clientCounts.length * secondsOfTry;
}

/** The script and client count that are fastest in a short try. */
export async function fastest(machi, scripts, clientCounts, last) {
  let best = { rate: 0 };
  for (const script of scripts) {
    for (const clients of clientCounts) {
      const rate = await pgbench(machi, script, { clients, seconds: secondsOfTry, last });
      if (rate > best.rate) best = { rate, script, clients };
    }
  }
  return best;
}

export const updateScripts = ["update_cte.sql", "update_function.sql", "update_transaction.sql"];

// The load generator (bench/loadgen), one process a measurement.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { built, run } from "./process.mjs";
import { tenant } from "./machi.mjs";

/** A request template in the form of bench/loadgen/request_template.h. */
export function template(method, path, body, headers = {}) {
  const all = { "Fiware-Service": tenant, ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${path}`, ...lines, "", body ?? ""].join("\n");
}

/** The update that all write benchmarks send: one attribute of a random entity. */
export const update = template("PATCH", "/v2/entities/Sensor-{id}/attrs", '{"temperature":{"type":"Number","value":{number}}}');

let measurements = 0;

/**
 * `requests`: templates, or [weight, template]. Gives what the load generator prints. Each measurement draws other
 * numbers: the same again would write the values that are there, which changes nothing and notifies nobody.
 */
export async function load({ port, requests, connections = 64, threads = 1, seconds = 10, warmUp = 2, rate, ids = [0, 99_999], prefix = [] }) {
  measurements += 1;
  const folder = mkdtempSync(join(tmpdir(), "machi-load-"));
  try {
    const files = requests.map((request, index) => {
      const [weight, text] = Array.isArray(request) ? request : [1, request];
      const file = join(folder, `request-${index}`);
      writeFileSync(file, text);
      return ["--request", `${weight}:${file}`];
    });
    const args = ["--port", port, "--connections", connections, "--threads", threads, "--seconds", seconds, "--warm-up", warmUp];
    args.push("--ids", ids[0], ids[1], "--seed", measurements, ...files.flat());
    if (rate !== undefined) args.push("--rate", rate);
    const command = [...prefix, join(built, "bench/loadgen"), ...args].map(String);
    return JSON.parse(await run(command[0], command.slice(1)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Requests a second; throws unless every request was accepted. */
export async function rateOf(options) {
  const result = await load(options);
  const refused = Object.keys(result.statuses).filter((status) => Number(status) >= 400);
  if (refused.length > 0 || result.lost > 0) throw new Error(`not every request was accepted: ${JSON.stringify(result)}`);
  return result.accepted_per_second;
}

// A Machi to measure: release build, private database, demonstration limits off, everything else as it is.
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Running, built, run } from "./process.mjs";

export const tenant = "bench";

/** A folder on a disk that syncs for real, unlike a memory file system. */
export function newDataFolder() {
  const folder = mkdtempSync(join(process.env.BENCH_FOLDER ?? "/var/tmp", "machi-bench-"));
  chmodSync(folder, 0o755);
  return folder;
}

export class Machi {
  /** `prefix`: a command that starts it, e.g. `["taskset", "-c", "0"]`. */
  static async start({ data, settings = {}, prefix = [] }) {
    const machi = new Machi();
    machi.data = data;
    machi.began = performance.now();
    const command = [...prefix, join(built, "machi"), "serve", "--data", data, "--port", "0"];
    const env = { MACHI_LOG_LEVEL: "warn", MACHI_OUTGOING_ALLOW: "127.0.0.1", ...settings };
    machi.process = new Running(command[0], command.slice(1), { env });
    const [, port] = await machi.process.line(/listening on http:\/\/127\.0\.0\.1:(\d+)/);
    machi.port = Number(port);
    machi.url = `http://127.0.0.1:${port}`;
    const [, operations] = await machi.process.line(/operations on (http:\/\/\S+)/);
    machi.operations = operations;
    return machi;
  }

  /** libpq variables of its private database. */
  get database() {
    return { PGHOST: join(this.data, "postgresql"), PGPORT: "5432", PGUSER: "machi", PGDATABASE: "machi" };
  }

  /** Runs SQL and gives what psql prints, unaligned. */
  async sql(text) {
    return (await run("psql", ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"], { env: this.database, input: text })).trim();
  }

  async request(method, path, body, headers = {}) {
    const response = await fetch(this.url + path, {
      method,
      headers: { "Fiware-Service": tenant, ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return { headers: response.headers, text };
  }

  /** The value of a metric of the operations port, summed over its labels. */
  async metric(name) {
    const text = await (await fetch(`${this.operations}/metrics`)).text();
    const lines = text.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
  }

  async stop() {
    const code = await this.process.stop();
    if (code !== 0) throw new Error(`machi ended with ${code}:\n${this.process.errors}`);
  }
}

/** A Machi with `count` entities, for as long as `use` runs. */
export async function withFilledMachi(count, options, use) {
  const data = newDataFolder();
  // The yardsticks open up to 256 connections beside Machi's.
  const first = await Machi.start({ data });
  await first.sql("alter system set max_connections = 400;");
  await first.stop();
  const machi = await Machi.start({ data, ...options });
  try {
    await fill(machi, count);
    await use(machi);
  } finally {
    await machi.stop();
    rmSync(data, { recursive: true, force: true });
  }
}

/** An entity of about 1 kB, with everything that a sensor of a city tells. */
export function sensor(number) {
  return {
    id: `Sensor-${number}`,
    type: "Sensor",
    temperature: { type: "Number", value: 20.5 },
    sentAt: { type: "Number", value: 0 },
    humidity: { type: "Number", value: 40 + (number % 40) },
    area: { type: "Number", value: number % 5000 },
    district: { type: "Number", value: number % 5000 },
    status: { type: "Text", value: number % 100 === 0 ? "maintenance" : "working" },
    name: { type: "Text", value: `計測器 ${number}` },
    address: { type: "PostalAddress", value: { addressRegion: "栃木県", addressLocality: "那須塩原市", streetAddress: `共墾社 ${number}` } },
    installed: { type: "DateTime", value: "2024-04-01T00:00:00.000Z" },
    note: { type: "Text", value: "定期点検は毎年四月に行います。".repeat(5) },
  };
}

async function fill(machi, count) {
  const piece = 500;
  for (let first = 0; first < count; first += piece) {
    const entities = Array.from({ length: Math.min(piece, count - first) }, (_, i) => sensor(first + i));
    await machi.request("POST", "/v2/op/update", { actionType: "append", entities });
  }
  await machi.sql("vacuum analyze machi.entity; checkpoint;");
}

/** The number that PostgreSQL knows the benchmark's tenant by. */
export async function tenantNumber(machi) {
  return Number(await machi.sql(`select id from machi.tenant where name = '${tenant}'`));
}

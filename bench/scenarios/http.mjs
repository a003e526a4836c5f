// The HTTP layer alone: a short JSON answer without the database, one core for the server, the other for the load.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rateOf, template } from "../lib/loadgen.mjs";
import { Running, built, root } from "../lib/process.mjs";
import { median } from "../lib/report.mjs";

const serverCore = ["taskset", "-c", "0"];
const loadCore = ["taskset", "-c", "1"];

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function answers(url) {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await fetch(url).then(() => true, () => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${url} does not answer`);
}

async function startNginx(folder, body) {
  const port = await freePort();
  const text = readFileSync(join(root, "bench/yardsticks/nginx.conf"), "utf8");
  const file = join(folder, "nginx.conf");
  writeFileSync(file, text.replaceAll("@folder@", folder).replace("@port@", port).replace("@body@", body));
  const nginx = new Running(serverCore[0], [...serverCore.slice(1), "nginx", "-c", file]);
  await answers(`http://127.0.0.1:${port}/`);
  return { nginx, port };
}

export async function http(report, { runs, seconds }) {
  const folder = mkdtempSync(join(tmpdir(), "machi-nginx-"));
  const server = new Running(serverCore[0], [...serverCore.slice(1), join(built, "bench/bench_http_server")]);
  const machi = Number((await server.line(/^(\d+)$/m))[1]);
  const path = "/v2/entities/nasushiobara-001";
  const text = await (await fetch(`http://127.0.0.1:${machi}${path}`)).text();
  const { nginx, port } = await startNginx(folder, text);
  try {
    const requests = [template("GET", path)];
    const figures = { machi: [], nginx: [] };
    for (let i = 0; i < runs; i += 1) {
      figures.nginx.push(await rateOf({ port, requests, seconds, prefix: loadCore }));
      figures.machi.push(await rateOf({ port: machi, requests, seconds, prefix: loadCore }));
    }
    report.add({ name: `http (${text.length} bytes, 64 conn)`, figure: median(figures.machi), unit: "requests/s", yardstick: median(figures.nginx), against: "nginx", least: 0.95 });
  } finally {
    await nginx.stop("SIGQUIT");
    await server.stop("SIGKILL");
    rmSync(folder, { recursive: true });
  }
}

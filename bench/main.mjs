// Runs the benchmarks named (all by default), prints a line each: name, figure, unit, yardstick, ratio.
import { writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { Report } from "./lib/report.mjs";
import { scenarios } from "./scenarios/index.mjs";

const usage = `bench/run [NAME …] [--json FILE] [--runs N] [--seconds N] [--entities N]

  NAME         ${Object.keys(scenarios).join(", ")}
  --json FILE  writes all figures there too
  --runs N     how often each figure is measured; the median counts (default 3)
  --seconds N  length of one measurement (default 10)
  --entities N how many entities are stored (default 100000)`;

function parse(args) {
  const options = { names: [], json: undefined, runs: 3, seconds: 10, entities: 100_000 };
  for (let i = 0; i < args.length; i += 1) {
    if (args[i] === "--help") {
      console.log(usage);
      process.exit(0);
    } else if (args[i] === "--json") {
      options.json = args[(i += 1)];
    } else if (["--runs", "--seconds", "--entities"].includes(args[i])) {
      options[args[i].slice(2)] = Number(args[(i += 1)]);
    } else if (args[i] in scenarios) {
      options.names.push(args[i]);
    } else {
      console.error(`Unknown: ${args[i]}\n${usage}`);
      process.exit(2);
    }
  }
  if (options.names.length === 0) options.names = Object.keys(scenarios);
  return options;
}

const options = parse(process.argv.slice(2));
const report = new Report();
for (const name of options.names) {
  report.begin(name);
  await scenarios[name](report, options);
}
if (options.json) {
  const machine = { cores: cpus().length, model: cpus()[0]?.model, memory: totalmem(), node: process.version };
  writeFileSync(options.json, `${JSON.stringify({ taken: new Date().toISOString(), machine, figures: report.figures }, null, 2)}\n`);
}
process.exit(report.missed() === 0 ? 0 : 1);

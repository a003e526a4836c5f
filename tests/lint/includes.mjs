// Includes point downwards only: app → features → core → net, db → base (docs/architecture.md).
// A feature uses another only in the direction written here, so there is no circle.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const allowed = {
  base: [],
  net: ["base"],
  db: ["base"],
  core: ["base", "net", "db"],
  broker: ["base", "net", "db", "core"],
  ingest: ["base", "net", "db", "core", "broker"],
};

const files = execFileSync("git", ["ls-files", "src/*.h", "src/*.cpp"], { encoding: "utf8" }).split("\n").filter(Boolean);
let faults = 0;
for (const file of files) {
  const folder = file.split("/")[1];
  if (folder === "app") continue;
  if (!(folder in allowed)) {
    console.log(`${file}: folder ${folder} is not listed in tests/lint/includes.mjs`);
    faults += 1;
    continue;
  }
  readFileSync(file, "utf8").split("\n").forEach((line, index) => {
    const target = /^\s*#include "([a-z_]+)\//.exec(line)?.[1];
    if (target && target !== folder && !allowed[folder].includes(target)) {
      console.log(`${file}:${index + 1}: ${folder} must not include ${target}`);
      faults += 1;
    }
  });
}
console.log(`${files.length} files looked at`);
process.exit(faults === 0 && files.length > 0 ? 0 : 1);

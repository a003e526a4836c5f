// The checks of .clang-tidy over every C++ file of ours, two at a time.
//
// clang-tidy walks all of Boost with every check: 15 s a file. clangd runs the same checks over the file's own text
// only: 2 s, headers included. It leaves out the one that follows the flow of values, so clang-tidy runs just that.
// Compiler warnings are the build's business.
//
// A file that passed is not looked at again until its text, a header of ours that it includes, its command line, the
// checks or the tools change: what passed is kept by fingerprint in ~/.cache/machi/clang-tidy.
import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, relative } from "node:path";

const root = process.cwd();
const build = "build/release";
const flowChecks = "-*,bugprone-use-after-move";
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "machi", "clang-tidy");
const version = execFileSync("clang-tidy-19", ["--version"], { encoding: "utf8" });
const common = [version, read(".clang-tidy"), read(".clangd"), flowChecks].join("\0");

function read(file) {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

const commands = new Map(JSON.parse(read(`${build}/compile_commands.json`)).map((entry) => [relative(root, entry.file), entry.command]));
const ours = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.h", "*.cpp"], { encoding: "utf8" }).split("\n");
const files = ours.filter((file) => file.endsWith(".h") || commands.has(file));

/** The file and all headers of ours that it includes, however deep. */
function closure(file, seen = new Map()) {
  if (seen.has(file)) return seen;
  seen.set(file, read(file));
  for (const [, name] of seen.get(file).matchAll(/^\s*#include "([^"]+)"/gm)) {
    const header = ["src", "tests/unit", "bench", dirname(file)].map((folder) => join(folder, name)).find(existsSync);
    if (header) closure(header, seen);
  }
  return seen;
}

function fingerprint(file) {
  const hash = createHash("sha256").update(common).update((commands.get(file) ?? "").replaceAll(root, ""));
  for (const [name, text] of [...closure(file)].sort()) hash.update(`\0${name}\0${text}`);
  return join(cache, hash.digest("hex"));
}

/** Runs a tool; gives what it complains about, empty if nothing. A tool that fails without a complaint is one. */
function complaints(tool, args, isComplaint) {
  return new Promise((resolve) => {
    execFile(tool, args, { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const lines = `${stdout}\n${stderr}`.split("\n").filter(isComplaint);
      const silent = error && lines.length === 0;
      resolve(silent ? [`${tool}: ${error.message}`] : lines.filter((line) => !line.includes(" [-W")));
    });
  });
}

async function examine(file) {
  const clangd = [`--check=${file}`, "--check-locations=0", `--compile-commands-dir=${build}`, "--log=error"];
  const found = await complaints("clangd-19", clangd, (line) => line.startsWith("E["));
  if (file.startsWith("src/") && file.endsWith(".cpp")) {
    const tidy = ["-p", build, "--quiet", `--checks=${flowChecks}`, file];
    found.push(...(await complaints("clang-tidy-19", tidy, (line) => /: (error|warning): /.test(line))));
  }
  return found;
}

mkdirSync(cache, { recursive: true });
const waiting = files.map((file) => ({ file, mark: fingerprint(file) })).filter(({ mark }) => !existsSync(mark));
console.log(`${files.length} files, ${waiting.length} to look at`);
let failed = 0;
async function worker() {
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const found = await examine(next.file);
    if (found.length === 0) writeFileSync(next.mark, "");
    else failed += 1;
    for (const line of found) console.log(`${next.file}: ${line.replace(/^E\[[^\]]*\] /, "")}`);
  }
}
await Promise.all([worker(), worker()]);
process.exit(failed === 0 && files.length > 0 ? 0 : 1);

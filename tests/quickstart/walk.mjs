// Walks through docs/quickstart.md: runs each of its sh blocks in one shell and looks at what comes out.
//   walk.mjs URL DATA_FOLDER [PROGRAM]     PROGRAM stands in for build/release/machi
// Comments before a block say what must be in its output (`expect`), what must not (`refuse`), and for how long it is
// tried again (`within N seconds`). The block marked `prepare` is replaced by the two arguments.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const [url, data, program = "build/release/machi"] = process.argv.slice(2);
const root = fileURLToPath(new URL("../..", import.meta.url));
const shell = spawn("bash", ["--noprofile", "--norc"], { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
shell.stdin.write("trap 'kill $(jobs -p) 2>/dev/null' EXIT\n");
let printed = "";
shell.stdout.on("data", (piece) => (printed += piece));

/** Runs lines in the shell; gives what they print and the exit code of the last one. */
function run(lines) {
  const mark = `--- end ${Math.random()} ---`;
  printed = "";
  shell.stdin.write(`${lines}\necho "${mark} $?"\n`);
  return new Promise((resolve) => {
    const look = () => {
      const at = printed.indexOf(mark);
      if (at < 0 || !printed.includes("\n", at)) return;
      shell.stdout.off("data", look);
      resolve({ output: printed.slice(0, at), code: Number(printed.slice(at + mark.length)) });
    };
    shell.stdout.on("data", look);
  });
}

/** The blocks of the document with their comments. */
function steps(document) {
  const found = [];
  for (const [, comments, lines] of document.matchAll(/((?:<!-- .* -->\n)*)```sh\n([^]*?)```/g)) {
    const all = [...comments.matchAll(/<!-- (\w+) ?(.*) -->/g)].map(([, word, text]) => ({ word, text }));
    const texts = (word) => all.filter((each) => each.word === word).map((each) => each.text);
    found.push({ lines, prepare: texts("prepare").length > 0, expect: texts("expect"), refuse: texts("refuse"), seconds: parseInt(texts("within")[0] ?? "0", 10) });
  }
  return found;
}

function faults({ output, code }, step) {
  const missing = step.expect.filter((text) => !output.includes(text)).map((text) => `lacks ${text}`);
  const wrong = step.refuse.filter((text) => output.includes(text)).map((text) => `has ${text}`);
  return [...(code === 0 ? [] : [`ended with ${code}`]), ...missing, ...wrong];
}

let failed = 0;
for (const step of steps(readFileSync(`${root}docs/quickstart.md`, "utf8"))) {
  const lines = step.prepare ? `MACHI=${url}\nDATA=${data}` : step.lines.replaceAll("build/release/machi", program);
  const end = Date.now() + step.seconds * 1000;
  let result = await run(lines);
  while (faults(result, step).length > 0 && Date.now() < end) result = await run(lines);
  const wrong = faults(result, step);
  (wrong.length === 0 ? console.log : console.error)(`${wrong.length === 0 ? "ok  " : "FAIL"}  ${step.lines.trim().split("\n")[0]}`);
  if (wrong.length > 0) console.error(`      ${wrong.join(", ")}\n${result.output}`);
  failed += wrong.length > 0 ? 1 : 0;
}
shell.stdin.end();
process.exit(failed === 0 ? 0 : 1);

// Programs: run to their end, or started, waited for and stopped.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const built = `${root}build/release`;

/** Runs a program and gives its standard output; throws with its standard error when it fails. */
export function run(command, args, { env = {}, input, allowFailure = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
    let out = "";
    let err = "";
    child.stdout.on("data", (data) => (out += data));
    child.stderr.on("data", (data) => (err += data));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0 || allowFailure) resolve(out);
      else reject(new Error(`${command} ${args.join(" ")} ended with ${code}:\n${out}\n${err}`));
    });
    child.stdin.end(input ?? "");
  });
}

/** A program that goes on running. */
export class Running {
  constructor(command, args, { env = {}, cwd = root } = {}) {
    this.child = spawn(command, args, { env: { ...process.env, ...env }, cwd, stdio: ["pipe", "pipe", "pipe"] });
    this.output = "";
    this.errors = "";
    this.child.stdout.on("data", (data) => (this.output += data));
    this.child.stderr.on("data", (data) => (this.errors = (this.errors + data).slice(-20_000)));
    this.ended = new Promise((resolve) => this.child.on("close", resolve));
  }

  get pid() {
    return this.child.pid;
  }

  /** Waits until the output matches; gives the match. Throws when the program ends or `seconds` pass first. */
  line(pattern, seconds = 120) {
    return new Promise((resolve, reject) => {
      const give = (how) => {
        clearTimeout(timer);
        this.child.stdout.off("data", look);
        how();
      };
      const look = () => {
        const match = pattern.exec(this.output);
        if (match) give(() => resolve(match));
      };
      const fail = (why) => give(() => reject(new Error(`${why}:\n${this.output}\n${this.errors}`)));
      const timer = setTimeout(() => fail("no answer in time"), seconds * 1000);
      this.child.stdout.on("data", look);
      void this.ended.then((code) => fail(`ended with ${code}`));
      look();
    });
  }

  async stop(signal = "SIGTERM") {
    this.child.kill(signal);
    return this.ended;
  }
}

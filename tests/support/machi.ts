/** Starts real `machi serve` processes for tests, and sees that they end cleanly. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../..", import.meta.url));
export const program = process.env["TEST_MACHI_PROGRAM"] ?? join(repository, "build/release/machi");
const startTime = 90_000;
const stopTime = 40_000;

export interface MachiOptions {
  /** Settings as environment variables: `{ MACHI_LOG_LEVEL: "debug" }`. */
  settings?: Record<string, string>;
  /** The data folder; a new one that is removed at the end if not given. */
  data?: string;
  /** Further arguments of `machi serve`. */
  args?: string[];
}

/** A folder that the account of a private PostgreSQL may pass through. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "machi-test-"));
  chmodSync(folder, 0o755);
  return folder;
}

/** A running `machi serve`. */
export class Machi {
  private constructor(
    readonly url: string,
    /** Health, metrics and the log level. */
    readonly operationsUrl: string,
    readonly data: string,
    readonly process: ChildProcess,
    private readonly log: string[],
    private readonly ended: Promise<string>,
    private readonly removeData: boolean,
  ) {}

  /** Starts a program on a free port and waits until it says where it listens. */
  static async start(options: MachiOptions = {}): Promise<Machi> {
    if (!existsSync(program)) throw new Error(`${program} is not built`);
    const data = options.data ?? temporaryFolder();
    const args = ["serve", "--data", data, "--port", "0", ...(options.args ?? [])];
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...options.settings } });
    const log: string[] = [];
    keepLastLines(child, log);
    const ended = new Promise<string>((resolve) => {
      child.on("exit", (code, signal) => {
        resolve(signal ?? String(code));
      });
    });
    const { url, operationsUrl } = await whereItListens(child, ended, log);
    return new Machi(url, operationsUrl, data, child, log, ended, options.data === undefined);
  }

  /** The last lines that the program wrote to standard error. */
  lastLog(): string {
    return this.log.join("\n");
  }

  /** Ends the program as an operator would. Throws if it does not end in time, or ends with an error. */
  async stop(): Promise<void> {
    this.process.kill("SIGTERM");
    const late = deadline(stopTime, "late");
    const how = await Promise.race([this.ended, late.promise]);
    late.cancel();
    if (how === "late") this.process.kill("SIGKILL");
    if (how !== "0") throw new Error(`machi ended with ${how}:\n${this.lastLog()}`);
    if (this.removeData) rmSync(this.data, { recursive: true, force: true });
  }

  /** Ends the program as a crash would, and waits until it is gone. The data folder stays. */
  async kill(): Promise<void> {
    this.process.kill("SIGKILL");
    await this.ended;
  }
}

function deadline<T>(milliseconds: number, value: T): { promise: Promise<T>; cancel: () => void } {
  let timer: NodeJS.Timeout;
  const promise = new Promise<T>((resolve) => {
    timer = setTimeout(() => {
      resolve(value);
    }, milliseconds);
  });
  return {
    promise,
    cancel: () => {
      clearTimeout(timer);
    },
  };
}

function keepLastLines(child: ChildProcess, log: string[]): void {
  let rest = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    log.push(...lines);
    log.splice(0, log.length - 200);
  });
}

interface Addresses {
  url: string;
  operationsUrl: string;
}

async function whereItListens(child: ChildProcess, ended: Promise<string>, log: string[]): Promise<Addresses> {
  let output = "";
  const lines = new Promise<Addresses>((resolve) => {
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const url = /^listening on (http:\/\/\S+)$/m.exec(output)?.[1];
      const operationsUrl = /^operations on (http:\/\/\S+)$/m.exec(output)?.[1];
      if (url !== undefined && operationsUrl !== undefined) resolve({ url, operationsUrl });
    });
  });
  const late = deadline(startTime, "late");
  const failed = Promise.race([ended, late.promise]).then((how) => {
    child.kill("SIGKILL");
    throw new Error(`machi serve did not come up (${how}):\n${output}\n${log.join("\n")}`);
  });
  const addresses = await Promise.race([lines, failed]);
  late.cancel();
  failed.catch(() => undefined);
  return addresses;
}

/** PostgreSQL as tests see it: a cluster of their own for several nodes, and looks into a database with psql. */
import { type ChildProcessWithoutNullStreams, execFile, spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const installed = "/usr/lib/postgresql";
const largestAnswer = 512 * 1024 * 1024;

/** Where the programs of the newest installed server are. */
function programs(): string {
  const versions = readdirSync(installed).filter((name) => existsSync(join(installed, name, "bin/initdb")));
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  if (newest === undefined) throw new Error(`no PostgreSQL server in ${installed}`);
  return join(installed, newest, "bin");
}

const isRoot = process.getuid?.() === 0;

/** The server refuses root. */
async function asServer(program: string, ...args: string[]): Promise<string> {
  const command = join(programs(), program);
  const { stdout } = isRoot ? await run("runuser", ["-u", "postgres", "--", command, ...args]) : await run(command, args);
  return stdout;
}

/** One database, asked with psql. */
export class Database {
  constructor(
    readonly socketFolder: string,
    readonly name: string,
  ) {}

  /** The database of a Machi that runs its cluster in `data`. */
  static of(data: string): Database {
    return new Database(join(data, "postgresql"), "machi");
  }

  /** What MACHI_DATABASE_URL takes. */
  get url(): string {
    return `host=${this.socketFolder} port=5432 user=machi dbname=${this.name}`;
  }

  /** The rows of a query, each an object of its columns. */
  async query<Row>(sql: string): Promise<Row[]> {
    const wrapped = `select coalesce(json_agg(r), '[]') from (${sql}) r`;
    const args = ["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", this.url, "-c", wrapped];
    const { stdout } = await run(join(programs(), "psql"), args, { maxBuffer: largestAnswer });
    return JSON.parse(stdout) as Row[];
  }

  async execute(sql: string): Promise<void> {
    await run(join(programs(), "psql"), ["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", this.url, "-c", sql]);
  }

  session(): Session {
    return new Session(spawn(join(programs(), "psql"), ["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", this.url]));
  }
}

/** A connection that keeps its transaction between statements. */
export class Session {
  private output = "";
  private errors = "";
  private readonly ended: Promise<number | null>;
  private steps = 0;
  private look: () => void = () => undefined;

  constructor(private readonly psql: ChildProcessWithoutNullStreams) {
    psql.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.output += text;
      this.look();
    });
    psql.stderr.setEncoding("utf8").on("data", (text: string) => (this.errors += text));
    this.ended = new Promise((resolve) => {
      psql.on("close", (code) => {
        resolve(code);
        this.look();
      });
    });
  }

  /** Runs one statement and gives what it printed. */
  async execute(sql: string): Promise<string> {
    this.steps += 1;
    const mark = `--done ${this.steps}--\n`;
    const from = this.output.length;
    this.psql.stdin.write(`${sql};\n\\echo '${mark.trim()}'\n`);
    const done = new Promise<void>((resolve) => {
      this.look = () => {
        if (this.output.includes(mark, from)) resolve();
      };
      this.look();
    });
    const end = this.ended.then((code) => {
      throw new Error(`psql ended with ${String(code)}: ${this.errors}`);
    });
    await Promise.race([done, end]);
    end.catch(() => undefined);
    return this.output.slice(from, this.output.indexOf(mark, from)).trim();
  }

  async end(): Promise<void> {
    this.psql.stdin.end();
    await this.ended;
  }
}

/** A server with empty databases for nodes that share one. */
export class Cluster {
  private databases = 0;

  private constructor(readonly folder: string) {}

  static async start(): Promise<Cluster> {
    const folder = mkdtempSync(join(tmpdir(), "machi-test-pg-"));
    chmodSync(folder, 0o755);
    if (isRoot) {
      const { stdout } = await run("id", ["-u", "postgres"]);
      chownSync(folder, Number(stdout), -1);
    }
    const cluster = new Cluster(folder);
    const encoding = ["-E", "UTF8", "--locale=C.UTF-8"];
    await asServer("initdb", "-D", join(folder, "data"), "-A", "trust", "-U", "machi", ...encoding);
    const settings = [
      "-c listen_addresses=''",
      `-c unix_socket_directories=${folder}`,
      "-c unix_socket_permissions=0777",
      "-c max_connections=200",
      "-c shared_buffers=64MB",
      "-c fsync=off",
    ];
    await asServer("pg_ctl", "-D", join(folder, "data"), "-w", "-l", join(folder, "log"), "-o", settings.join(" "), "start");
    return cluster;
  }

  /** A new database without any table of Machi. */
  async emptyDatabase(): Promise<Database> {
    this.databases += 1;
    const database = new Database(this.folder, `machi_${this.databases}`);
    await new Database(this.folder, "postgres").execute(`create database ${database.name}`);
    await database.execute("create extension postgis; create extension btree_gist");
    return database;
  }

  async stop(): Promise<void> {
    await asServer("pg_ctl", "-D", join(this.folder, "data"), "-m", "immediate", "-w", "stop");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The process number of the server of a Machi that runs its cluster in `data`; undefined while there is none. */
export function serverProcess(data: string): number | undefined {
  try {
    const number = Number(readFileSync(join(data, "postgresql/postmaster.pid"), "utf8").split("\n")[0]);
    return number > 0 ? number : undefined;
  } catch {
    return undefined; // a server that starts takes away what its predecessor left
  }
}

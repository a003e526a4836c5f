/** A real Mosquitto and a small subscriber (MQTT 3.1.1) that keeps what is published. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, type Socket, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";

export interface Published {
  topic: string;
  payload: string;
  qos: number;
  retained: boolean;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts Mosquitto; with a user, only that one may come. Gives its port once it answers. */
export async function startMosquitto(user?: { name: string; password: string }): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "machi-test-mqtt-"));
  const port = await freePort();
  const lines = [`listener ${port} 127.0.0.1`, `allow_anonymous ${user === undefined ? "true" : "false"}`, "user root", "persistence false"];
  if (user !== undefined) {
    const passwords = join(folder, "passwords");
    await promisify(execFile)("mosquitto_passwd", ["-b", "-c", passwords, user.name, user.password]);
    lines.push(`password_file ${passwords}`);
  }
  writeFileSync(join(folder, "conf"), lines.join("\n"));
  const child = spawn("mosquitto", ["-v", "-c", join(folder, "conf")], { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` } });
  onTestFinished(() => {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  await running(child);
  return port;
}

async function running(child: ChildProcess): Promise<void> {
  let output = "";
  await new Promise<void>((resolve, reject) => {
    const look = (text: Buffer): void => {
      output += text.toString();
      if (output.includes("running")) resolve();
    };
    child.stdout?.on("data", look);
    child.stderr?.on("data", look);
    child.on("error", reject);
    child.on("exit", () => {
      reject(new Error(`mosquitto ended:\n${output}`));
    });
  });
}

/** One packet's bytes: MQTT 3.1.1 §2.2. */
function packet(kind: number, body: Buffer): Buffer {
  if (body.length > 127) throw new Error("longer than this subscriber needs");
  return Buffer.concat([Buffer.from([kind, body.length]), body]);
}
function words(content: string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}

export class MqttSubscriber {
  readonly published: Published[] = [];
  private rest = Buffer.alloc(0);
  private look: () => void = () => undefined;
  private subscribed = false;

  private constructor(private readonly socket: Socket) {
    socket.on("data", (bytes) => {
      this.rest = Buffer.concat([this.rest, bytes]);
      while (this.takePacket());
      this.look();
    });
  }

  /** Connects and subscribes to everything with the highest quality of service. */
  static async start(port: number, user?: { name: string; password: string }): Promise<MqttSubscriber> {
    const socket = connect(port, "127.0.0.1");
    const subscriber = new MqttSubscriber(socket);
    onTestFinished(() => {
      socket.destroy();
    });
    const flags = user === undefined ? 2 : 0xc2;
    const login = user === undefined ? [] : [words(user.name), words(user.password)];
    socket.write(packet(0x10, Buffer.concat([words("MQTT"), Buffer.from([4, flags, 0, 60]), words("watcher"), ...login])));
    socket.write(packet(0x82, Buffer.concat([Buffer.from([0, 1]), words("#"), Buffer.from([2])])));
    await subscriber.until(() => subscriber.subscribed);
    return subscriber;
  }

  async waitFor(count: number): Promise<Published[]> {
    await this.until(() => this.published.length >= count);
    return this.published;
  }

  private async until(condition: () => boolean, milliseconds = 10_000): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`not within ${milliseconds} ms; published: ${JSON.stringify(this.published)}`));
      }, milliseconds);
      this.look = () => {
        if (!condition()) return;
        clearTimeout(timer);
        resolve();
      };
      this.look();
    });
  }

  /** Takes a whole packet off what has come; false when there is none. */
  private takePacket(): boolean {
    let length = 0;
    let at = 1;
    for (let shift = 0; ; shift += 7, at += 1) {
      const byte = this.rest[at];
      if (byte === undefined) return false;
      length |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    if (this.rest.length < at + 1 + length) return false;
    this.keep(this.rest[0] ?? 0, this.rest.subarray(at + 1, at + 1 + length));
    this.rest = this.rest.subarray(at + 1 + length);
    return true;
  }

  private keep(first: number, body: Buffer): void {
    if (first >> 4 === 9) this.subscribed = true;
    if (first >> 4 === 6) this.socket.write(packet(0x70, body)); // PUBREL is answered by PUBCOMP
    if (first >> 4 !== 3) return;
    const qos = (first >> 1) & 3;
    const end = 2 + body.readUInt16BE(0);
    const id = body.subarray(end, end + 2);
    const payload = body.subarray(qos === 0 ? end : end + 2).toString("utf8");
    this.published.push({ topic: body.subarray(2, end).toString("utf8"), payload, qos, retained: (first & 1) === 1 });
    if (qos > 0) this.socket.write(packet(qos === 1 ? 0x40 : 0x50, id));
  }
}

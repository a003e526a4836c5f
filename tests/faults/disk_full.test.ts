/**
 * The disk under the private PostgreSQL is full. It is a small file system in memory, which only root can mount;
 * otherwise the tests are skipped.
 */
import { execFileSync } from "node:child_process";
import { appendFileSync, chmodSync, mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Client } from "../support/client.ts";
import { temporaryFolder } from "../support/machi.ts";
import { Database } from "../support/postgres.ts";
import { until } from "../support/until.ts";
import { Ledger } from "./load.ts";
import { startMachi, startReceiver, stopServer, subscribe } from "./setting.ts";

const megabytes = 160;
// Only root may mount; whoever cannot is told why these tests do not run.
const reason = whyNoMount();
if (reason !== "") console.log(`disk full: skipped, because no small file system can be mounted: ${reason}`);

function mount(folder: string): void {
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=755`, "tmpfs", folder], { stdio: "pipe" });
}

function unmount(folder: string): void {
  execFileSync("umount", [folder], { stdio: "pipe" });
  rmSync(folder, { recursive: true, force: true });
}

/** Empty if a small file system can be mounted. */
function whyNoMount(): string {
  if (process.getuid?.() !== 0) return "not root";
  const folder = temporaryFolder();
  try {
    mount(folder);
    unmount(folder);
    return "";
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    return String(error);
  }
}

function smallDisk(): string {
  const disk = temporaryFolder();
  mount(disk);
  onTestFinished(async () => {
    await stopServer(join(disk, "data"));
    unmount(disk);
  });
  return disk;
}

/** Takes all but `left` bytes of the disk. */
function fill(disk: string, left: number): string {
  const file = join(disk, "filler");
  writeFileSync(file, "");
  const { bavail, bsize } = statfsSync(disk);
  const piece = Buffer.alloc(1024 * 1024, 1);
  for (let size = bavail * bsize - left; size > 0; size -= piece.length) appendFileSync(file, piece.subarray(0, Math.min(size, piece.length)));
  return file;
}

test.skipIf(reason !== "")(
  "on a full disk writes are refused with clear errors, nothing is lost or damaged, and work goes on when there is room",
  async () => {
    const disk = smallDisk();
    const data = join(disk, "data");
    mkdirSync(data);
    chmodSync(data, 0o755);
    const receiver = await startReceiver();
    const ledger = new Ledger(4);
    const machi = await startMachi({ data });
    const client = new Client(machi.url);
    await subscribe(client, "Load", receiver.url);
    await ledger.prepare(client);
    const load = ledger.start(machi.url, { endWithoutAnswer: false });
    await ledger.moreAnswers(100);

    const filler = fill(disk, 2 * 1024 * 1024);
    await until(() => Promise.resolve(ledger.refusals.size), (count) => count > 0, 60_000);
    for (const refusal of ledger.refusals.keys()) {
      expect(refusal).toMatch(/^(503|507|413) \{/);
      const body = JSON.parse(refusal.slice(4)) as Record<string, unknown>;
      expect(body).toMatchObject({ error: expect.any(String) as string, description: expect.any(String) as string });
    }
    expect(machi.process.exitCode, "Machi still runs").toBeNull();
    expect(ledger.unanswered, "connections closed without an answer").toBe(0);

    rmSync(filler);
    await ledger.moreAnswers(100);
    await load.stop();
    expect(ledger.unanswered, "connections closed without an answer").toBe(0);
    await ledger.compareWith(Database.of(data));
    await ledger.allNotified(receiver, 30_000);
    await machi.stop();
  },
);

test.skipIf(reason !== "")("Machi that starts on a full disk says why it does not come up, and starts when there is room", async () => {
  const disk = smallDisk();
  const data = join(disk, "data");
  mkdirSync(data);
  chmodSync(data, 0o755);
  const filler = fill(disk, 8 * 1024 * 1024);
  await expect(startMachi({ data })).rejects.toThrow(/No space left on device/);
  rmSync(filler);
  const machi = await startMachi({ data });
  expect((await new Client(machi.url).post("/v2/entities", { id: "E", type: "T" })).status).toBe(201);
  await machi.stop();
});

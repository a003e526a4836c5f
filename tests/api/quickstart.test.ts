import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { Machi, program, temporaryFolder } from "../support/machi.ts";

const run = promisify(execFile);
const walk = fileURLToPath(new URL("../quickstart/walk.mjs", import.meta.url));

test("what docs/quickstart.md shows works", async () => {
  const data = temporaryFolder();
  await run(program, ["load-demonstration", "--data", data]);
  const machi = await Machi.start({ data, settings: { MACHI_OUTGOING_ALLOW: "127.0.0.1" } });
  try {
    await expect(run(process.execPath, [walk, machi.url, data, program])).resolves.toMatchObject({ stdout: expect.stringContaining("ok") as string });
  } finally {
    await machi.stop();
    rmSync(data, { recursive: true });
  }
}, 180_000);

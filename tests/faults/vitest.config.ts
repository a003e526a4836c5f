import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// One file after the other: each starts programs of its own, and some measure how soon something happens.
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  test: {
    include: ["**/*.test.ts"],
    testTimeout: 180_000,
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
    fileParallelism: false,
    onConsoleLog: () => true,
  },
});

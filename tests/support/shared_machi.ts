/** One Machi for all test files of a run (Vitest's global set-up); each test takes a tenant of its own. */
import type { TestProject } from "vitest/node";
import { Machi } from "./machi.ts";

declare module "vitest" {
  export interface ProvidedContext {
    machiUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const machi = await Machi.start();
  project.provide("machiUrl", machi.url);
  return () => machi.stop();
}

/** Two nodes on one database for all files of this folder (Vitest's global set-up); each test takes a tenant of its own. */
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { Machi } from "../../support/machi.ts";
import { Database } from "../../support/postgres.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Lets ids repeat, may notify this machine, and answers browsers of one origin. */
    brokerUrl: string;
    /** Another node of the same platform that refuses Orion's forbidden characters and counts requests. */
    strictUrl: string;
  }
}

export const allowedOrigin = "https://town.example";
/** The port in the environment, which the command line overrules. */
export const overruledPort = "1";

const settings = {
  MACHI_OUTGOING_ALLOW: "127.0.0.1",
  MACHI_TENANTS_UNIQUE_ENTITY_IDS: "false",
  MACHI_DATABASE_MEMORY_MEGABYTES: "64",
};

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const broker = await Machi.start({ settings: { ...settings, MACHI_NGSIV2_CORS_ORIGIN: allowedOrigin, MACHI_SERVER_PORT: overruledPort } });
  project.provide("brokerUrl", broker.url);
  const database = Database.of(broker.data).url;
  // Nodes of one database seal secrets with one key.
  const key = join(broker.data, "secret.key");
  const strict = await Machi.start({ settings: { ...settings, MACHI_DATABASE_URL: database, MACHI_SECRETS_KEY_FILE: key, MACHI_NGSIV2_FORBIDDEN_CHARACTERS: "orion", MACHI_NGSIV2_STATISTICS_COUNTERS: "true" } });
  project.provide("strictUrl", strict.url);
  return async () => {
    await strict.stop();
    await broker.stop();
  };
}

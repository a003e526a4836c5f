/** What the tests of faults start with: programs, receivers and clusters that go away with the test. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, onTestFinished } from "vitest";
import { type Answer, Client } from "../support/client.ts";
import { Machi, type MachiOptions, temporaryFolder } from "../support/machi.ts";
import { type Database, serverProcess } from "../support/postgres.ts";
import { Receiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";

/** Notifications may go to this machine, and the private server stays small. */
export const settings: Record<string, string> = { MACHI_OUTGOING_ALLOW: "127.0.0.1", MACHI_DATABASE_MEMORY_MEGABYTES: "64" };

/** Starts a Machi that is killed at the end of the test if it still runs. */
export async function startMachi(options: MachiOptions = {}): Promise<Machi> {
  const machi = await Machi.start({ ...options, settings: { ...settings, ...options.settings } });
  onTestFinished(async () => {
    if (machi.process.exitCode === null && machi.process.signalCode === null) await machi.kill();
    if (options.data !== undefined) return;
    await stopServer(machi.data);
    rmSync(machi.data, { recursive: true, force: true });
  });
  return machi;
}

/** A data folder whose private server is stopped, and which is removed, at the end of the test. */
export function dataFolder(): string {
  const data = temporaryFolder();
  onTestFinished(async () => {
    await stopServer(data);
    rmSync(data, { recursive: true, force: true });
  });
  return data;
}

/** Ends the private server that a killed Machi has left behind. */
export async function stopServer(data: string): Promise<void> {
  const server = serverProcess(data);
  if (server === undefined) return;
  try {
    process.kill(server, "SIGQUIT");
  } catch {
    return; // ended already
  }
  await until(() => Promise.resolve(serverProcess(data)), (present) => present !== server, 30_000);
}

/** A node on a shared database. `keyFile`: nodes that share a database share the key of its secrets. */
export async function startNode(database: Database, name: string, keyFile = sharedKey()): Promise<Machi> {
  return startMachi({
    settings: { MACHI_DATABASE_URL: database.url, MACHI_NODE_NAME: name, MACHI_SECRETS_KEY_FILE: keyFile, MACHI_DATABASE_WRITE_CONNECTIONS: "2" },
  });
}

let keyFolder: string | undefined;

function sharedKey(): string {
  keyFolder ??= temporaryFolder();
  return join(keyFolder, "secret.key");
}

afterAll(() => {
  if (keyFolder !== undefined) rmSync(keyFolder, { recursive: true, force: true });
});

export async function startReceiver(port = 0): Promise<Receiver> {
  const receiver = await Receiver.start(port);
  onTestFinished(() => receiver.close());
  return receiver;
}

/** Throws if the status is another one. */
export async function expectStatus(status: number, answer: Promise<Answer>): Promise<Answer> {
  const received = await answer;
  if (received.status !== status) throw new Error(`answered ${received.status}, not ${status}: ${received.text}`);
  return received;
}

/** Subscribes to every entity of a type and gives the subscription's id. */
export async function subscribe(client: Client, type: string, url: string, more: Record<string, unknown> = {}): Promise<string> {
  const subject = { entities: [{ idPattern: ".*", type }] };
  const notification = { http: { url }, attrsFormat: "keyValues" };
  const answer = await expectStatus(201, client.post("/v2/subscriptions", { subject, notification, ...more }));
  return (answer.headers.get("Location") ?? "").replace("/v2/subscriptions/", "");
}

/** Entities as a notification with `attrsFormat` keyValues carries them. */
export function notified(json: unknown): ({ id: string } & Record<string, unknown>)[] {
  return (json as { data: ({ id: string } & Record<string, unknown>)[] }).data;
}

/** The values of `attribute` that were notified about an entity, in order of arrival. */
export function valuesOf(receiver: Receiver, entity: string, attribute: string): unknown[] {
  return receiver.received
    .flatMap((each) => notified(each.json))
    .filter((each) => each.id === entity)
    .map((each) => each[attribute]);
}

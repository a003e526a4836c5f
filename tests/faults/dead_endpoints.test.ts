/** Receivers that are gone, or that take a connection and never answer. */
import { type Server, type Socket, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { Client } from "../support/client.ts";
import { until } from "../support/until.ts";
import { dataFolder, expectStatus, startMachi, startReceiver, subscribe, valuesOf } from "./setting.ts";

const number = (value: number): { type: string; value: number } => ({ type: "Number", value });

/** A port of this machine on which nobody listens now. */
async function deadPort(): Promise<number> {
  const receiver = await startReceiver();
  const port = receiver.port;
  await receiver.close();
  return port;
}

/** Takes connections and never answers. */
async function blackHole(): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Deliveries {
  timesSent?: number;
  failsCounter?: number;
  lastFailure?: string;
  lastFailureReason?: string;
  lastSuccess?: string;
}

async function deliveriesOf(client: Client, id: string): Promise<Deliveries> {
  const answer = await expectStatus(200, client.get(`/v2/subscriptions/${id}`));
  return (answer.json as { notification: Deliveries }).notification;
}

test("a dead endpoint and one that never answers do not delay a third", async () => {
  const machi = await startMachi();
  const client = new Client(machi.url);
  const receiver = await startReceiver();
  const silent = await blackHole();
  await subscribe(client, "T", `http://127.0.0.1:${await deadPort()}`);
  await subscribe(client, "T", silent);
  await subscribe(client, "T", receiver.url);
  const delays: number[] = [];
  for (let n = 0; n < 200; n += 1) {
    const id = `E${n % 20}`;
    const since = Date.now();
    if (n < 20) await expectStatus(201, client.post("/v2/entities", { id, type: "T", n: number(n) }));
    else await expectStatus(204, client.patch(`/v2/entities/${id}/attrs`, { n: number(n) }));
    const received = await receiver.waitFor(n + 1);
    delays.push((received[n]?.at ?? Infinity) - since);
  }
  delays.sort((a, b) => a - b);
  expect(delays[100], "median delay in milliseconds").toBeLessThan(200);
  expect(delays[199], "longest delay in milliseconds").toBeLessThan(1500);
  await machi.stop();
});

test("what a dead endpoint missed arrives after it comes up, in order for each entity, and each event counts one failure", async () => {
  const machi = await startMachi();
  const client = new Client(machi.url);
  const port = await deadPort();
  const id = await subscribe(client, "T", `http://127.0.0.1:${port}`);
  const events = 30;
  for (let n = 0; n < events; n += 1) {
    const entity = `E${n % 3}`;
    if (n < 3) await expectStatus(201, client.post("/v2/entities", { id: entity, type: "T", n: number(n) }));
    else await expectStatus(204, client.patch(`/v2/entities/${entity}/attrs`, { n: number(n) }));
  }
  const failed = await until(() => deliveriesOf(client, id), (seen) => seen.failsCounter === events);
  expect(failed.timesSent).toBe(events);
  expect(failed.lastFailureReason).toBeTruthy();
  expect(failed.lastSuccess).toBeUndefined();
  // Retries go on, and count nothing: lastFailure moves, the counters stay.
  const retried = await until(() => deliveriesOf(client, id), (seen) => seen.lastFailure !== failed.lastFailure, 15_000);
  expect(retried).toMatchObject({ failsCounter: events, timesSent: events });

  const receiver = await startReceiver(port);
  await receiver.waitFor(events, 30_000);
  for (const entity of [0, 1, 2]) {
    const wanted = Array.from({ length: events / 3 }, (_, i) => entity + 3 * i);
    expect(valuesOf(receiver, `E${entity}`, "n")).toEqual(wanted);
  }
  const recovered = await until(() => deliveriesOf(client, id), (seen) => seen.failsCounter === undefined || seen.failsCounter === 0);
  expect(recovered.timesSent).toBe(events);
  expect(recovered.lastSuccess).toBeTruthy();
  await machi.stop();
});

test("an event that comes while older ones wait for a dead endpoint stays behind them", async () => {
  const machi = await startMachi();
  const client = new Client(machi.url);
  const port = await deadPort();
  const id = await subscribe(client, "T", `http://127.0.0.1:${port}`);
  await expectStatus(201, client.post("/v2/entities", { id: "E", type: "T", n: number(0) }));
  for (let n = 1; n < 5; n += 1) await expectStatus(204, client.patch("/v2/entities/E/attrs", { n: number(n) }));
  await until(() => deliveriesOf(client, id), (seen) => seen.failsCounter === 5);
  const receiver = await startReceiver(port);
  for (let n = 5; n < 10; n += 1) await expectStatus(204, client.patch("/v2/entities/E/attrs", { n: number(n) }));
  await receiver.waitFor(10, 30_000);
  expect(valuesOf(receiver, "E", "n")).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  await machi.stop();
});

test("notifications that wait for a dead endpoint survive kill -9 and go before newer ones", async () => {
  const data = dataFolder();
  const settings = { MACHI_NODE_NAME: "one" };
  let machi = await startMachi({ data, settings });
  const port = await deadPort();
  const id = await subscribe(new Client(machi.url), "T", `http://127.0.0.1:${port}`);
  const entities = Array.from({ length: 20 }, (_, i) => `E${i}`);
  for (const entity of entities) await expectStatus(201, new Client(machi.url).post("/v2/entities", { id: entity, type: "T", n: number(0) }));
  await until(() => deliveriesOf(new Client(machi.url), id), (seen) => seen.failsCounter === entities.length);
  await machi.kill();
  const receiver = await startReceiver(port);
  machi = await startMachi({ data, settings });
  for (const entity of entities) await expectStatus(204, new Client(machi.url).patch(`/v2/entities/${entity}/attrs`, { n: number(1) }));
  // Some may come twice: what was under way when Machi was killed.
  const complete = (entity: string): boolean => [0, 1].every((n) => valuesOf(receiver, entity, "n").includes(n));
  await until(() => Promise.resolve(entities.filter((entity) => !complete(entity))), (missing) => missing.length === 0, 30_000);
  for (const entity of entities) expect(valuesOf(receiver, entity, "n")[0], entity).toBe(0);
  await machi.stop();
});

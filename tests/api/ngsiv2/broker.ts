/** What the tests of NGSIv2 share: a tenant of their own, and what they say again and again. */
import { type Server, createServer, request as sendRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, inject, onTestFinished } from "vitest";
import { type Answer, Client, newTenant } from "../../support/client.ts";
import { type Received, Receiver } from "../../support/receiver.ts";
import features from "./features.json" with { type: "json" };

/** The tests of one row of features.json. */
export function row(name: string, tests: () => void): void {
  if (!features.some((each) => each.name === name && !("absent" in each))) throw new Error(`no feature "${name}"`);
  describe(name, tests);
}

/** A client with a new tenant of the shared broker. */
export function newClient(servicePath?: string): Client {
  return new Client(inject("brokerUrl"), newTenant(), servicePath);
}

/** The same tenant at another service path, or on another node. */
export function at(client: Client, servicePath: string): Client {
  return new Client(client.url, client.tenant, servicePath);
}

export const number = (value: number, metadata = {}): object => ({ type: "Number", value, metadata });
export const text = (value: string, metadata = {}): object => ({ type: "Text", value, metadata });

/** A metadata: it has no metadata of its own. */
export const meta = (value: unknown, type = typeof value === "number" ? "Number" : "Text"): object => ({ type, value });

export async function create(client: Client, entity: object, options = ""): Promise<void> {
  expectStatus(await client.post(`/v2/entities${options}`, entity), 201);
}

/** Creates entities in this order in one request. */
export async function createAll(client: Client, entities: object[]): Promise<void> {
  expectStatus(await client.post("/v2/op/update", { actionType: "append", entities }), 204);
}

export function expectStatus(answer: Answer, status: number): Answer {
  expect(answer.status, answer.text).toBe(status);
  return answer;
}

export function expectError(answer: Answer, status: number, error: string, description: string): void {
  expect({ status: answer.status, body: answer.json }).toEqual({ status, body: { error, description } });
}

export const badRequest = (answer: Answer, description: string): void => {
  expectError(answer, 400, "BadRequest", description);
};
export const entityNotFound = (answer: Answer): void => {
  expectError(answer, 404, "NotFound", "The requested entity has not been found. Check type and id");
};

/** Ids of the entities of a list, in its order. */
export async function idsOf(client: Client, query: string): Promise<string[]> {
  const answer = expectStatus(await client.get(`/v2/entities${query}`), 200);
  return (answer.json as { id: string }[]).map((each) => each.id);
}

/** Ids that `q` finds, sorted. */
export async function found(client: Client, q: string): Promise<string[]> {
  return (await idsOf(client, `?q=${encodeURIComponent(q)}`)).sort();
}

/** An entity in keyValues. */
export async function valuesOf(client: Client, id: string): Promise<Record<string, unknown>> {
  return expectStatus(await client.get(`/v2/entities/${id}?options=keyValues`), 200).json as Record<string, unknown>;
}

export async function receiver(): Promise<Receiver> {
  const started = await Receiver.start();
  onTestFinished(() => started.close());
  return started;
}

interface Wish {
  subject?: object;
  notification?: object;
  more?: object;
}

/** Subscribes to all entities and gives the subscription's id. */
export async function subscribe(client: Client, url: string, wish: Wish = {}): Promise<string> {
  const answer = await client.post("/v2/subscriptions", {
    subject: { entities: [{ idPattern: ".*" }], ...wish.subject },
    notification: { http: { url }, ...wish.notification },
    ...wish.more,
  });
  expectStatus(answer, 201);
  return (answer.headers.get("Location") ?? "").replace("/v2/subscriptions/", "");
}

export interface Notified extends Record<string, unknown> {
  id: string;
  type: string;
}

/** The entities of a notification. */
export const dataOf = (received: Received | undefined): Notified[] => (received?.json as { data: Notified[] }).data;
/** The ids that notifications tell, in order of arrival. */
export const notifiedIds = (receiver: Receiver): string[] => receiver.received.flatMap((each) => dataOf(each)).map((each) => each.id);

export interface Exchange {
  statusLine: string;
  headerNames: string[];
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** A request whose answer is looked at as it is on the wire: order of headers, words of the status line. */
export function exchange(url: string, method: string, headers: Record<string, string> = {}, body = ""): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const request = sendRequest(url, { method, headers }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("end", () => {
        const names = response.rawHeaders.filter((_, index) => index % 2 === 0);
        resolve({
          statusLine: `${response.statusCode ?? 0} ${response.statusMessage ?? ""}`,
          headerNames: names,
          headers: response.headers,
          body: Buffer.concat(pieces).toString("utf8"),
        });
      });
    });
    request.on("error", reject).end(body);
  });
}

export interface Asked {
  path: string;
  headers: Record<string, string | string[] | undefined>;
  json: unknown;
}

/** Another broker that answers as `answer` says. */
export class Provider {
  readonly asked: Asked[] = [];
  private constructor(private readonly server: Server) {}

  static async start(answer: (asked: Asked) => { status?: number; json?: unknown; count?: number } | Promise<{ status?: number; json?: unknown; count?: number }>): Promise<Provider> {
    const server = createServer();
    const provider = new Provider(server);
    server.on("request", (request, response) => {
      const pieces: Buffer[] = [];
      request.on("data", (piece: Buffer) => pieces.push(piece));
      request.on("end", () => {
        const asked: Asked = { path: request.url ?? "", headers: request.headers, json: JSON.parse(Buffer.concat(pieces).toString("utf8")) };
        provider.asked.push(asked);
        void Promise.resolve(answer(asked)).then(({ status = 200, json, count }) => {
          const headers = count === undefined ? {} : { "Fiware-Total-Count": String(count) };
          response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(json === undefined ? "" : JSON.stringify(json));
        });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return provider;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v2`;
  }
}

/** What is seen on the wire: refusals, order of headers, browsers of other origins, and what the server tells of itself. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, inject, test } from "vitest";
import { Client, newTenant } from "../../support/client.ts";
import { program } from "../../support/machi.ts";
import { badRequest, create, exchange, expectError, expectStatus, newClient, number, row, text } from "./broker.ts";
import { allowedOrigin, overruledPort } from "./servers.ts";

const url = inject("brokerUrl");
const withoutCors = inject("machiUrl");

row("error payload", () => {
  test("is always error and description, by name and status", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "T", s: text("x") });
    const broken = "Errors found in incoming JSON buffer";
    expectError(await client.post("/v2/entities", "{"), 400, "ParseError", broken);
    badRequest(await client.get("/no/such/path"), "Service not found. Check your URL as probably it is wrong.");
    expectError(await client.post("/v2/entities", "<x/>", { "Content-Type": "application/xml" }), 415, "UnsupportedMediaType", "not supported content type: application/xml");
    expectError(await client.get("/v2/entities", { Accept: "image/png" }), 406, "NotAcceptable", "no acceptable mime-type in accept header");
    expectError(await client.post("/v2/entities/A", {}), 405, "MethodNotAllowed", "method not allowed");
    badRequest(await client.get("/v2/entities?q="), "Empty right-hand-side for URI param /q/");
    const get = await client.get("/v2/entities", { "Content-Type": "application/json" });
    badRequest(get, "Orion accepts no payload for GET/DELETE requests. HTTP header Content-Type is thus forbidden");
    expect(get.headers.get("Content-Type")).toBe("application/json");
  });

  test("characters that mean something to HTML are escaped in it", async () => {
    const answer = await newClient().get("/v2/entities?limit=%3Cb%3E");
    badRequest(answer, "Bad pagination limit: /&lt;b&gt;/ [must be a positive integer number]");
  });

  test("405 names the methods that there are", async () => {
    const allowed = async (base: string, path: string): Promise<string | null> => {
      const answer = await new Client(base, newTenant()).request("PATCH", path, { body: {} });
      return answer.status === 405 ? answer.headers.get("Allow") : `answered ${answer.status}`;
    };
    expect(await allowed(withoutCors, "/v2/entities")).toBe("POST, GET");
    expect(await allowed(withoutCors, "/v2/types")).toBe("GET");
    expect(await allowed(url, "/v2/entities")).toBe("POST, GET, OPTIONS");
  });
});

row("wire order", () => {
  const json = { "Content-Type": "application/json" };

  test("headers come in the order that clients know", async () => {
    const headers = { ...json, "Fiware-Service": newTenant() };
    const body = JSON.stringify({ id: "A", type: "T", n: number(1) });
    const created = await exchange(`${withoutCors}/v2/entities`, "POST", headers, body);
    expect(created.headerNames).toEqual(["Date", "Fiware-Correlator", "Location", "Content-Length"]);
    const service = { "Fiware-Service": headers["Fiware-Service"] };
    const listed = await exchange(`${withoutCors}/v2/entities?options=count`, "GET", service);
    expect(listed.headerNames).toEqual(["Date", "Fiware-Correlator", "Fiware-Total-Count", "Content-Type", "Content-Length"]);
    const read = await exchange(`${withoutCors}/v2/entities/A`, "GET", service);
    expect(read.headerNames).toEqual(["Date", "Fiware-Correlator", "Content-Type", "Content-Length"]);
    const changed = await exchange(`${withoutCors}/v2/entities/A/attrs`, "PATCH", headers, JSON.stringify({ n: number(2) }));
    expect([changed.statusLine, changed.headerNames]).toEqual(["204 No Content", ["Date", "Fiware-Correlator"]]);
    const refused = await exchange(`${withoutCors}/v2/entities`, "DELETE", service);
    expect(refused.headerNames).toEqual(["Date", "Fiware-Correlator", "Allow", "Content-Type", "Content-Length"]);
  });

  test("status lines use the words of today", async () => {
    const headers = { ...json, "Fiware-Service": newTenant() };
    const send = async (content: object): Promise<string> => (await exchange(`${withoutCors}/v2/entities`, "POST", headers, JSON.stringify(content))).statusLine;
    expect(await send({ id: "A" })).toBe("201 Created");
    expect(await send({ id: "A" })).toBe("422 Unprocessable Content");
    expect(await send({ id: "B", s: text("x".repeat(1024 * 1024)) })).toBe("413 Content Too Large");
    expect((await exchange(`${withoutCors}/v2/entities`, "POST", { ...headers, "Content-Length": "0" })).statusLine).toBe("411 Length Required");
  });

  test("chunked bodies are taken", async () => {
    const client = newClient();
    const headers = { ...json, "Fiware-Service": client.tenant ?? "", "Transfer-Encoding": "chunked" };
    expect((await exchange(`${url}/v2/entities`, "POST", headers, '{"id":"A"}')).statusLine).toBe("201 Created");
  });
});

row("OPTIONS on all /v2 resources", () => {
  const preflight = (path: string, origin: string): ReturnType<typeof exchange> => exchange(url + path, "OPTIONS", { Origin: origin });

  test.each([
    ["/v2/entities", "GET, POST, OPTIONS"],
    ["/v2/entities/A", "GET, DELETE, OPTIONS"],
    ["/v2/entities/A/attrs", "GET, PATCH, POST, PUT, OPTIONS"],
    ["/v2/entities/A/attrs/n", "GET, PUT, DELETE, OPTIONS"],
    ["/v2/entities/A/attrs/n/value", "GET, PUT, OPTIONS"],
    ["/v2/types", "GET, OPTIONS"],
    ["/v2/types/T", "GET, OPTIONS"],
    ["/v2/subscriptions", "GET, POST, OPTIONS"],
    ["/v2/subscriptions/x", "GET, DELETE, PATCH, OPTIONS"],
    ["/v2/registrations", "GET, POST, OPTIONS"],
    ["/v2/registrations/x", "GET, DELETE, PATCH, OPTIONS"],
    ["/v2/op/update", "POST, OPTIONS"],
    ["/v2/op/query", "POST, OPTIONS"],
    ["/v2/op/notify", "POST, OPTIONS"],
  ])("%s: %s", async (path, methods) => {
    const answer = await preflight(path, allowedOrigin);
    expect(answer.statusLine).toBe("200 OK");
    expect(answer.headers["access-control-allow-methods"]).toBe(methods);
    expect(answer.headerNames).toEqual([
      "Date",
      "Fiware-Correlator",
      "Access-Control-Allow-Methods",
      "Access-Control-Allow-Origin",
      "Access-Control-Expose-Headers",
      "Access-Control-Allow-Headers",
      "Access-Control-Max-Age",
      "Content-Length",
    ]);
    expect([answer.headers["access-control-allow-origin"], answer.headers["access-control-max-age"]]).toEqual([allowedOrigin, "86400"]);
  });

  test("nothing is added for another origin, nor where none is allowed", async () => {
    const names = async (answer: ReturnType<typeof exchange>): Promise<string[]> => (await answer).headerNames.filter((name) => name.startsWith("Access-Control"));
    expect(await names(preflight("/v2/entities", "https://elsewhere.example"))).toEqual([]);
    expect(await names(exchange(`${url}/v2/entities`, "GET", { Origin: "https://elsewhere.example" }))).toEqual([]);
    expect(await names(exchange(`${url}/v2/entities`, "GET", { Origin: allowedOrigin }))).toEqual(["Access-Control-Allow-Origin", "Access-Control-Expose-Headers"]);
    const refused = await exchange(`${withoutCors}/v2/entities`, "OPTIONS", { Origin: allowedOrigin });
    expect([refused.statusLine, refused.headers["allow"]]).toEqual(["405 Method Not Allowed", "POST, GET"]);
  });
});

row("GET /v2", () => {
  test("names the entry points", async () => {
    expect(expectStatus(await newClient().get("/v2"), 200).json).toEqual({
      entities_url: "/v2/entities",
      types_url: "/v2/types",
      subscriptions_url: "/v2/subscriptions",
      registrations_url: "/v2/registrations",
    });
  });
});

row("GET /version", () => {
  test("has its members in a fixed order, a line each", async () => {
    const answer = expectStatus(await newClient().get("/version"), 200);
    const { orion } = answer.json as { orion: Record<string, string> };
    expect(Object.keys(orion)).toEqual(["version", "uptime", "git_hash", "compile_time", "compiled_by", "compiled_in", "release_date", "machine", "doc"]);
    const lines = answer.text.split("\n");
    expect(lines.slice(0, 2)).toEqual(["{", '"orion" : {']);
    expect(lines[2]).toMatch(/^ {2}"version" : "\d+\.\d+\.\d+.*",$/);
    expect(lines.slice(-4)).toEqual([expect.stringMatching(/^ {2}"doc" : ".*"$/), "}", "}", ""]);
  });
});

row("environment variables", () => {
  const run = promisify(execFile);

  test("each setting has one, and the command line overrules it", async () => {
    const { stdout } = await run(program, ["config", "describe"]);
    for (const variable of ["MACHI_SERVER_PORT", "MACHI_DATABASE_URL", "MACHI_NGSIV2_CORS_ORIGIN", "MACHI_LOG_LEVEL"]) expect(stdout).toContain(variable);
    expect(new URL(url).port).not.toBe(overruledPort);
    expect(expectStatus(await newClient().get("/v2"), 200).headers.get("Access-Control-Allow-Origin")).toBeNull();
  });

  test("one that makes no sense stops the start and is named", async () => {
    const start = run(program, ["serve", "--data", "/nonexistent"], { env: { ...process.env, MACHI_SERVER_PORT: "many" } });
    await expect(start).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining("server.port") as string });
  });
});

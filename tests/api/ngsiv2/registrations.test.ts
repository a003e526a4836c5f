/** Other brokers as providers. */
import { expect, test } from "vitest";
import type { Client } from "../../support/client.ts";
import { until } from "../../support/until.ts";
import { type Asked, Provider, at, badRequest, create, expectError, expectStatus, idsOf, newClient, number, row, valuesOf } from "./broker.ts";

const nowhere = "http://127.0.0.1:1/v2";
interface Provided {
  entities: object[];
  attrs?: string[];
}

async function register(client: Client, url: string, provided: Provided, provider: object = {}): Promise<string> {
  const body = { dataProvided: { attrs: [], ...provided }, provider: { http: { url }, ...provider } };
  return expectStatus(await client.post("/v2/registrations", body), 201).headers.get("Location") ?? "";
}
const remote = (id: string, attributes: object): object => ({ id, type: "T", ...attributes });
/** A provider that has these entities. */
const having = (...entities: object[]): Promise<Provider> =>
  Provider.start((asked) => (asked.path.includes("/op/query") ? { json: entities, count: entities.length } : { status: 204 }));
const paths = (provider: Provider): string[] => provider.asked.map((asked) => asked.path.split("?")[0] ?? "");

row("Registrations: list, create, get, delete", () => {
  const body = { dataProvided: { entities: [{ id: "A", type: "T" }], attrs: ["n"] }, provider: { http: { url: nowhere } } };

  test("a registration is shown with its defaults, listed, and removed", async () => {
    const client = newClient();
    const path = expectStatus(await client.post("/v2/registrations", { ...body, description: "d", expires: "2100-01-01" }), 201).headers.get("Location") ?? "";
    expect(path).toMatch(/^\/v2\/registrations\/[0-9a-f]{24}$/);
    const shown = {
      id: path.split("/").pop(),
      description: "d",
      expires: "2100-01-01T00:00:00.000Z",
      dataProvided: body.dataProvided,
      provider: { http: { url: nowhere }, supportedForwardingMode: "all", legacyForwarding: false },
      status: "active",
    };
    expect((await client.get(path)).json).toEqual(shown);
    const listed = await client.get("/v2/registrations?options=count");
    expect([listed.headers.get("Fiware-Total-Count"), listed.json]).toEqual(["1", [shown]]);
    expectStatus(await client.delete(path), 204);
    const notFound = "The requested registration has not been found. Check id";
    expectError(await client.get(path), 404, "NotFound", notFound);
    expectError(await client.delete(path), 404, "NotFound", notFound);
  });

  test("PATCH changes what it names (better than Orion)", async () => {
    const client = newClient();
    const path = expectStatus(await client.post("/v2/registrations", body), 201).headers.get("Location") ?? "";
    expectStatus(await client.patch(path, { description: "new", provider: { http: { url: nowhere }, supportedForwardingMode: "query" } }), 204);
    expect((await client.get(path)).json).toMatchObject({ description: "new", dataProvided: body.dataProvided, provider: { supportedForwardingMode: "query" } });
  });

  test("of patterns only .* for the id is there", async () => {
    const client = newClient();
    const of = (entity: object): object => ({ ...body, dataProvided: { entities: [entity] } });
    expectStatus(await client.post("/v2/registrations", of({ idPattern: ".*", type: "T" })), 201);
    expectError(await client.post("/v2/registrations", of({ idPattern: "A.*" })), 501, "NotImplemented", "Unsupported idPattern");
    expectError(await client.post("/v2/registrations", of({ id: "A", typePattern: ".*" })), 501, "NotImplemented", "typePattern is not supported");
    badRequest(await client.post("/v2/registrations", { provider: body.provider }), "the field /dataProvided/ is missing in payload");
    badRequest(await client.post("/v2/registrations", { ...body, provider: { http: {} } }), "/http/ must contain a field /url/");
  });
});

row("supportedForwardingMode all, query, update, none", () => {
  test.each([
    ["all", true, true],
    ["query", true, false],
    ["update", false, true],
    ["none", false, false],
  ])("%s", async (supportedForwardingMode, queries, updates) => {
    const client = newClient();
    const provider = await having(remote("A", { n: number(5) }));
    await register(client, provider.url, { entities: [{ id: "A", type: "T" }] }, { supportedForwardingMode });
    expectStatus(await client.get("/v2/entities/A?type=T"), queries ? 200 : 404);
    expectStatus(await client.patch("/v2/entities/A/attrs?type=T", { n: number(6) }), updates ? 204 : 404);
    expect(paths(provider)).toEqual([...(queries ? ["/v2/op/query"] : []), ...(updates ? ["/v2/op/update"] : [])]);
  });

  test("an update is forwarded as such, with tenant, path and correlator; appends never are", async () => {
    const client = newClient("/a");
    const provider = await having();
    await register(client, provider.url, { entities: [{ id: "A", type: "T" }] });
    expectStatus(await client.patch("/v2/entities/A/attrs?type=T", { n: number(6) }, { "Fiware-Correlator": "root" }), 204);
    expect(provider.asked[0]?.json).toEqual({ actionType: "update", entities: [{ id: "A", type: "T", n: { type: "Number", value: 6, metadata: {} } }] });
    expect(provider.asked[0]?.headers).toMatchObject({ "fiware-service": client.tenant, "fiware-servicepath": "/a", "fiware-correlator": "root; cbfwd=1" });
    expectStatus(await client.post("/v2/entities/A/attrs?type=T", { n: number(6) }), 404);
    expect(provider.asked.length).toBe(1);
  });

  test("another word is refused", async () => {
    const body = { dataProvided: { entities: [{ id: "A" }] }, provider: { http: { url: nowhere }, supportedForwardingMode: "some" } };
    badRequest(await newClient().post("/v2/registrations", body), "invalid value of /supportedForwardingMode/");
  });
});

row("matching", () => {
  test("what is here is not asked for; what is missing of an entity is", async () => {
    const client = newClient();
    const provider = await having(remote("A", { far: number(5) }));
    await create(client, { id: "A", type: "T", near: number(1) });
    await register(client, provider.url, { entities: [{ id: "A", type: "T" }], attrs: ["near"] });
    expect(await valuesOf(client, "A")).toEqual({ id: "A", type: "T", near: 1 });
    expect(provider.asked).toEqual([]);
    await register(client, provider.url, { entities: [{ id: "A", type: "T" }], attrs: ["far"] });
    expect((await client.get("/v2/entities/A?type=T&options=keyValues&attrs=near,far")).json).toEqual({ id: "A", type: "T", near: 1, far: 5 });
    expect(provider.asked.length).toBe(1);
  });

  test("an update without a type meets registrations without a type only, a question meets both", async () => {
    const client = newClient();
    const [typed, untyped] = [await having(remote("A", { n: number(5) })), await having(remote("B", { n: number(5) }))];
    await register(client, typed.url, { entities: [{ id: "A", type: "T" }] });
    await register(client, untyped.url, { entities: [{ id: "B" }] });
    expectStatus(await client.patch("/v2/entities/A/attrs", { n: number(1) }), 404);
    expectStatus(await client.patch("/v2/entities/B/attrs", { n: number(1) }), 204);
    expectStatus(await client.patch("/v2/entities/B/attrs?type=Other", { n: number(1) }), 204);
    for (const id of ["A", "B"]) expectStatus(await client.get(`/v2/entities/${id}`), 200);
    expect([paths(typed), paths(untyped)]).toEqual([["/v2/op/query"], ["/v2/op/update", "/v2/op/update", "/v2/op/query"]]);
  });

  test("of another path, expired or inactive: not asked", async () => {
    const client = newClient();
    const provider = await having(remote("A", { n: number(5) }));
    await register(at(client, "/b"), provider.url, { entities: [{ id: "A", type: "T" }] });
    const path = await register(at(client, "/a"), provider.url, { entities: [{ id: "A", type: "T" }] });
    expectStatus(await at(client, "/a").get("/v2/entities/A?type=T"), 200);
    expectStatus(await client.patch(path, { status: "inactive" }), 204);
    expectStatus(await at(client, "/a").get("/v2/entities/A?type=T"), 404);
    expectStatus(await client.patch(path, { status: "active", expires: "2020-01-01" }), 204);
    expectStatus(await at(client, "/a").get("/v2/entities/A?type=T"), 404);
    expect(provider.asked.length).toBe(1);
  });
});

row("partial forwarding update", () => {
  test("attributes that have no place are told with 404 PartialUpdate", async () => {
    const client = newClient();
    const provider = await having();
    await register(client, provider.url, { entities: [{ id: "A", type: "T" }], attrs: ["n"] });
    const answer = await client.patch("/v2/entities/A/attrs?type=T", { n: number(1), x: number(1), y: number(1) });
    expectError(answer, 404, "PartialUpdate", "Some of the following attributes were not updated: { A-T : [x, y] }");
    expect(provider.asked.map((asked) => (asked.json as { entities: object[] }).entities)).toEqual([[{ id: "A", type: "T", n: number(1) }]]);
  });
});

row("legacyForwarding", () => {
  test("such a provider is asked in NGSIv1", async () => {
    const client = newClient();
    const element = { id: "A", type: "T", isPattern: "false" };
    const provider = await Provider.start(() => ({
      json: { contextResponses: [{ contextElement: { ...element, attributes: [{ name: "n", type: "Number", value: "5" }] }, statusCode: { code: "200", reasonPhrase: "OK" } }] },
    }));
    await register(client, provider.url.replace("/v2", "/v1"), { entities: [{ id: "A", type: "T" }], attrs: ["n"] }, { legacyForwarding: true });
    expect((await client.get("/v2/entities/A?type=T&options=keyValues")).json).toEqual({ id: "A", type: "T", n: "5" });
    expectStatus(await client.patch("/v2/entities/A/attrs?type=T", { n: number(6) }), 204);
    expect(paths(provider)).toEqual(["/v1/queryContext", "/v1/updateContext"]);
    expect((provider.asked[0]?.json as { entities: object[] }).entities).toEqual([element]);
    expect(provider.asked[1]?.json).toMatchObject({ updateAction: "UPDATE", contextElements: [{ ...element, attributes: [{ name: "n", type: "Number" }] }] });
  });
});

row("pagination with providers", () => {
  const answering = (...all: object[]): Promise<Provider> =>
    Provider.start((asked: Asked) => {
      const query = new URL(asked.path, "http://x").searchParams;
      const offset = Number(query.get("offset"));
      return { json: all.slice(offset, offset + Number(query.get("limit"))), count: all.length };
    });

  test("local entities come first, then those of the providers in the order of registration", async () => {
    const client = newClient();
    const one = await answering(remote("P1", {}), remote("P2", {}), remote("P3", {}));
    const two = await answering(remote("Q1", {}), remote("Q2", {}));
    for (const id of ["L1", "L2"]) await create(client, { id, type: "T" });
    for (const provider of [one, two]) await register(client, provider.url, { entities: [{ idPattern: ".*", type: "T" }] });
    expect(await idsOf(client, "?type=T")).toEqual(["L1", "L2", "P1", "P2", "P3", "Q1", "Q2"]);
    expect(await idsOf(client, "?type=T&offset=1&limit=3")).toEqual(["L2", "P1", "P2"]);
    expect(await idsOf(client, "?type=T&offset=4&limit=10")).toEqual(["P3", "Q1", "Q2"]);
    expect((await client.get("/v2/entities?type=T&options=count&limit=3")).headers.get("Fiware-Total-Count")).toBe("7");
  });
});

row("-cprForwardLimit, skipForwarding", () => {
  test("skipForwarding asks nobody", async () => {
    const client = newClient();
    const provider = await having(remote("A", { n: number(5) }));
    await register(client, provider.url, { entities: [{ id: "A", type: "T" }] });
    expectStatus(await client.get("/v2/entities/A?type=T&options=skipForwarding"), 404);
    expect(await idsOf(client, "?id=A&type=T&options=skipForwarding")).toEqual([]);
    expect(provider.asked).toEqual([]);
  });

  test("providers are asked side by side: each waits until all have been asked", async () => {
    const client = newClient();
    let open: () => void = () => undefined;
    const allAsked = new Promise<void>((resolve) => (open = resolve));
    let asked = 0;
    for (const id of ["A", "B", "C"]) {
      const provider = await Provider.start(async () => {
        asked += 1;
        if (asked === 3) open();
        await allAsked;
        return { json: [remote(id, {})], count: 1 };
      });
      await register(client, provider.url, { entities: [{ id, type: "T" }] });
    }
    expect((await idsOf(client, "?id=A,B,C&type=T")).sort()).toEqual(["A", "B", "C"]);
  });
});

row("forwardingInformation", () => {
  test("is told from the first forward on", async () => {
    const client = newClient();
    const provider = await having(remote("A", { n: number(5) }));
    const path = await register(client, provider.url, { entities: [{ id: "A", type: "T" }] });
    expect((await client.get(path)).json).not.toHaveProperty("forwardingInformation");
    expectStatus(await client.get("/v2/entities/A?type=T"), 200);
    const shown = async (): Promise<Record<string, unknown> | undefined> =>
      ((await client.get(path)).json as { forwardingInformation?: Record<string, unknown> }).forwardingInformation;
    const moment: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(await until(shown, (each) => each !== undefined)).toEqual({ timesSent: 1, lastForwarding: moment, lastSuccess: moment });
    const dead = await register(client, nowhere, { entities: [{ id: "D", type: "T" }] });
    expectStatus(await client.get("/v2/entities/D?type=T"), 404);
    const failed = async (): Promise<unknown> => ((await client.get(dead)).json as { forwardingInformation?: unknown }).forwardingInformation;
    expect(await until(failed, (each) => each !== undefined)).toEqual({ timesSent: 1, lastForwarding: moment, lastFailure: moment });
  });
});

/** One attribute, its bare value, and the types of entities. */
import { expect, test } from "vitest";
import { badRequest, create, createAll, entityNotFound, expectError, expectStatus, newClient, meta, number, row, text } from "./broker.ts";

const noSuchAttribute = "The entity does not have such an attribute";

row("GET/PUT/DELETE .../attrs/{name}", () => {
  test("shows an attribute", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "Room", n: number(1, { unit: meta("m") }) });
    expect((await client.get("/v2/entities/A/attrs/n")).json).toEqual(number(1, { unit: meta("m") }));
    expectError(await client.get("/v2/entities/A/attrs/x"), 404, "NotFound", noSuchAttribute);
    entityNotFound(await client.get("/v2/entities/B/attrs/n"));
  });

  test("PUT replaces value and type, and metadata stay", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "Room", n: number(1, { unit: meta("m"), more: meta(1) }) });
    expectStatus(await client.put("/v2/entities/A/attrs/n", { value: "two", metadata: { more: meta(2) } }), 204);
    expect((await client.get("/v2/entities/A/attrs/n")).json).toEqual(text("two", { unit: meta("m"), more: meta(2) }));
    expectStatus(await client.put("/v2/entities/A/attrs/n?options=overrideMetadata", { value: 3 }), 204);
    expect((await client.get("/v2/entities/A/attrs/n")).json).toEqual(number(3));
  });

  test("PUT and DELETE need the attribute", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "Room", n: number(1) });
    expectError(await client.put("/v2/entities/A/attrs/x", { value: 1 }), 404, "NotFound", noSuchAttribute);
    expectError(await client.delete("/v2/entities/A/attrs/x"), 404, "NotFound", noSuchAttribute);
    expectStatus(await client.delete("/v2/entities/A/attrs/n"), 204);
    expect((await client.get("/v2/entities/A")).json).toEqual({ id: "A", type: "Room" });
  });
});

row("GET .../value", () => {
  test("an object comes in the first form that the client accepts", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "Room", o: { value: { x: [1, "two"] } } });
    const path = "/v2/entities/A/attrs/o/value";
    const forms = [
      ["application/json", "application/json"],
      ["text/plain", "text/plain"],
      ["application/json, text/plain", "application/json"],
      ["text/plain, application/json", "text/plain"],
      ["text/plain;q=0.1, application/json", "application/json"],
    ];
    for (const [accept, type] of forms) {
      const answer = expectStatus(await client.get(path, { Accept: accept ?? "" }), 200);
      expect([accept, answer.headers.get("Content-Type"), answer.text]).toEqual([accept, type, '{"x":[1,"two"]}']);
    }
  });

  test("any other value is text only, and strings keep their quotes", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "Room", s: text("a town"), n: number(1.5), b: { value: true }, z: { value: null } });
    for (const [name, shown] of [["s", '"a town"'], ["n", "1.5"], ["b", "true"], ["z", "null"]]) {
      const answer = expectStatus(await client.get(`/v2/entities/A/attrs/${name ?? ""}/value`), 200);
      expect([answer.headers.get("Content-Type"), answer.text]).toEqual(["text/plain", shown]);
      const refused = await client.get(`/v2/entities/A/attrs/${name ?? ""}/value`, { Accept: "application/json" });
      expectError(refused, 406, "NotAcceptable", "accepted MIME types: text/plain");
    }
  });
});

row("PUT .../value", () => {
  const plain = { "Content-Type": "text/plain" };

  test("text is a quoted string, true, false, null or a number", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "Room", n: number(1, { unit: meta("m") }) });
    for (const [sent, value] of [['"a town"', "a town"], ["true", true], ["false", false], ["null", null], ["-1.5e2", -150]] as const) {
      expectStatus(await client.put("/v2/entities/A/attrs/n/value", sent, plain), 204);
      expect((await client.get("/v2/entities/A/attrs/n")).json).toEqual({ type: "Number", value, metadata: { unit: meta("m") } });
    }
  });

  test("anything else is refused", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "Room", n: number(1) });
    for (const sent of ["a town", "tRue", "1.2.3", "[1]"]) {
      badRequest(await client.put("/v2/entities/A/attrs/n/value", sent, plain), "attribute value type not recognized");
    }
    badRequest(await client.put("/v2/entities/A/attrs/n/value", '"a town', plain), "Missing citation-mark at end of string");
  });

  test("an object or array comes as JSON; type and metadata stay, overrideMetadata or not", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "Room", n: { type: "Mine", value: 1, metadata: { unit: meta("m") } } });
    expectStatus(await client.put("/v2/entities/A/attrs/n/value?options=overrideMetadata", { x: 1 }), 204);
    expect((await client.get("/v2/entities/A/attrs/n")).json).toEqual({ type: "Mine", value: { x: 1 }, metadata: { unit: meta("m") } });
    expectStatus(await client.put("/v2/entities/A/attrs/n/value", [1, 2]), 204);
    expect((await client.get("/v2/entities/A/attrs/n/value")).json).toEqual([1, 2]);
  });
});

row("GET /v2/types, /v2/types/{t}; options count, values, noAttrDetail", () => {
  const entities = [
    { id: "A", type: "Room", n: number(1), s: text("x") },
    { id: "B", type: "Room", n: text("one") },
    { id: "C", type: "Car", speed: number(1) },
  ];

  test("types come in alphabetical order with their attributes and how many entities there are", async () => {
    const client = newClient();
    await createAll(client, entities);
    const answer = expectStatus(await client.get("/v2/types?options=count"), 200);
    expect(answer.headers.get("Fiware-Total-Count")).toBe("2");
    expect(answer.json).toEqual([
      { type: "Car", attrs: { speed: { types: ["Number"] } }, count: 1 },
      { type: "Room", attrs: { n: { types: ["Number", "Text"] }, s: { types: ["Text"] } }, count: 2 },
    ]);
    expect((await client.get("/v2/types?options=values")).json).toEqual(["Car", "Room"]);
    expect((await client.get("/v2/types?options=values&limit=1&offset=1")).json).toEqual(["Room"]);
  });

  test("noAttrDetail leaves an empty list of types", async () => {
    const client = newClient();
    await createAll(client, entities);
    expect((await client.get("/v2/types/Room?options=noAttrDetail")).json).toEqual({ attrs: { n: { types: [] }, s: { types: [] } }, count: 2 });
    expect((await client.get("/v2/types/Room")).json).toEqual({ attrs: { n: { types: ["Number", "Text"] }, s: { types: ["Text"] } }, count: 2 });
  });
});

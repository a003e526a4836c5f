/** What an entity is made of: types, names, limits, moments, numbers, metadata. */
import { expect, inject, test } from "vitest";
import { Client, newTenant } from "../../support/client.ts";
import { until } from "../../support/until.ts";
import { badRequest, create, createAll, expectError, expectStatus, idsOf, meta, newClient, number, receiver, row, subscribe, text } from "./broker.ts";

row("default types", () => {
  const types = { t: ["x", "Text"], n: [1, "Number"], b: [true, "Boolean"], o: [{ x: 1 }, "StructuredValue"], l: [[1], "StructuredValue"], z: [null, "None"] };

  test("follow from the value, of attributes and of metadata", async () => {
    const client = newClient();
    const attributes = Object.entries(types).map(([name, [value]]) => [name, { value, metadata: { m: { value } } }] as const);
    await create(client, { id: "A", ...Object.fromEntries(attributes) });
    const shown = (await client.get("/v2/entities/A")).json as Record<string, { type: string; metadata: { m: { type: string } } }>;
    for (const [name, [, type]] of Object.entries(types)) {
      expect([name, shown[name]?.type, shown[name]?.metadata.m.type]).toEqual([name, type, type]);
    }
  });

  test("follow from the value in keyValues too", async () => {
    const client = newClient();
    const values = Object.entries(types).map(([name, [value]]) => [name, value] as const);
    await create(client, { id: "A", ...Object.fromEntries(values) }, "?options=keyValues");
    const shown = (await client.get("/v2/entities/A")).json as Record<string, { type: string }>;
    for (const [name, [, type]] of Object.entries(types)) expect([name, shown[name]?.type]).toEqual([name, type]);
  });
});

row("forbidden characters `< > \" ' = ; ( )`", () => {
  const characters = ["<", ">", '"', "'", "=", ";", "(", ")"];

  test("are ordinary characters unless the node or tenant says otherwise", async () => {
    const client = newClient();
    for (const [index, c] of characters.entries()) {
      await create(client, { id: `A${index}${c}`, type: "T", a: text(`x${c}`) });
      const answer = await client.get(`/v2/entities/${encodeURIComponent(`A${index}${c}`)}/attrs/a`);
      expect(answer.json).toEqual(text(`x${c}`));
    }
  });

  test("are refused in every text where Orion's rule counts", async () => {
    const strict = new Client(inject("strictUrl"), newTenant());
    const refused: [object, string][] = [
      [{ id: "A<", type: "T" }, "Invalid characters in entity id"],
      [{ id: "A", type: "T>" }, "Invalid characters in entity type"],
      [{ id: "A", type: "T", "a=": text("x") }, "Invalid characters in attribute name"],
      [{ id: "A", type: "T", a: { type: "X;", value: 1 } }, "Invalid characters in attribute type"],
      [{ id: "A", type: "T", a: { value: { deep: ["(x)"] } } }, "Invalid characters in attribute value"],
      [{ id: "A", type: "T", a: text("x", { m: meta('"') }) }, "Invalid characters in metadata value"],
      [{ id: "A", type: "T", a: text("x", { "m'": meta("x") }) }, "Invalid characters in metadata name"],
    ];
    for (const [entity, sentence] of refused) badRequest(await strict.post("/v2/entities", entity), sentence);
    badRequest(await strict.get("/v2/entities/A%3C"), "invalid character in URI");
    badRequest(await strict.get("/v2/entities?type=A%3C"), "invalid character in URI parameter");
    for (const entity of [{ id: "A", type: "T", a: { type: "TextUnrestricted", value: "<x>" } }, { id: "B", type: "T", a: text("<x>", { TextUnrestricted: { type: "Boolean", value: true } }) }]) {
      expectStatus(await strict.post("/v2/entities", entity), 201);
    }
    expect(await idsOf(strict, `?q=${encodeURIComponent("a~=x")}`)).toEqual(["A", "B"]);
  });
});

row("id rules", () => {
  test("1 to 256 characters of ASCII", async () => {
    const client = newClient();
    expectStatus(await client.post("/v2/entities", { id: "x".repeat(256), type: "y".repeat(256), ["z".repeat(256)]: text("") }), 201);
    badRequest(await client.post("/v2/entities", { id: "x".repeat(257) }), "entity id length: 257, max length supported: 256");
    badRequest(await client.post("/v2/entities", { id: "A", type: "x".repeat(257) }), "entity type length: 257, max length supported: 256");
    badRequest(await client.post("/v2/entities", { id: "A", ["x".repeat(257)]: text("") }), "attribute name length: 257, max length supported: 256");
    badRequest(await client.post("/v2/entities", { id: "" }), "entity id length: 0, min length supported: 1");
    badRequest(await client.post("/v2/entities", { id: "A", type: "" }), "entity type length: 0, min length supported: 1");
    badRequest(await client.post("/v2/entities", { id: "A", "": text("") }), "attribute name length: 0, min length supported: 1");
  });

  test("no controls, blanks, & ? / #, and nothing beyond ASCII", async () => {
    const client = newClient();
    for (const c of ["\n", "\u007f", " ", "&", "?", "/", "#", "é", "町"]) {
      badRequest(await client.post("/v2/entities", { id: `A${c}` }), "Invalid characters in entity id");
      badRequest(await client.post("/v2/entities", { id: "A", type: `T${c}` }), "Invalid characters in entity type");
      badRequest(await client.post("/v2/entities", { id: "A", [`a${c}`]: text("x") }), "Invalid characters in attribute name");
    }
  });
});

row("nesting <= 50, payload <= 1 MB, notification <= 8 MB", () => {
  const nested = (levels: number): string => `${"[".repeat(levels)}1${"]".repeat(levels)}`;

  test("a value may be 50 levels deep, not counting itself", async () => {
    const client = newClient();
    const body = (levels: number): string => `{"id":"A","type":"T","a":{"value":${nested(levels)}}}`;
    expectStatus(await client.post("/v2/entities", body(51)), 201);
    expect((await client.get("/v2/entities/A/attrs/a/value")).text).toBe(nested(51));
    expectError(await client.post("/v2/entities", body(52)), 400, "ParseError", "attribute or metadata value has overpassed maximum nesting limit: 50");
  });

  test("a body of more than 1 MiB is too large, one without any length is told so", async () => {
    const client = newClient();
    const large = JSON.stringify({ id: "A", type: "T", a: text("x".repeat(1024 * 1024)) });
    const answer = await client.post("/v2/entities", large);
    expectError(answer, 413, "RequestEntityTooLarge", `payload size: ${large.length}, max size supported: 1048576`);
    const fits = JSON.stringify({ id: "A", type: "T", a: text("") });
    expectStatus(await client.post("/v2/entities", fits.replace('"value":""', `"value":"${"x".repeat(1024 * 1024 - fits.length)}"`)), 201);
    expectError(await client.request("POST", "/v2/entities"), 411, "ContentLengthRequired", "Zero/No Content-Length in PUT/POST/PATCH request");
  });

  test("a notification of more than 8 MB is not sent, and the subscription says so", async () => {
    const client = newClient();
    const target = await receiver();
    const payload = "${a}".repeat(9);
    const id = await subscribe(client, target.url, { notification: { httpCustom: { url: target.url, payload }, http: undefined } });
    await create(client, { id: "A", type: "T", a: text("x".repeat(1_000_000)) });
    await create(client, { id: "B", type: "T", a: text("y") });
    await target.waitFor(1);
    expect(target.received.map((each) => each.text)).toEqual(["y".repeat(9)]);
    const shown = await until(
      async () => (await client.get(`/v2/subscriptions/${id}`)).json as { notification: { lastFailureReason?: string } },
      ({ notification }) => notification.lastFailureReason !== undefined,
    );
    expect(shown.notification.lastFailureReason).toBe("the notification is larger than 8 MB");
  });
});

row("DateTime / ISO8601", () => {
  test("are read in many forms and shown in one", async () => {
    const client = newClient();
    const forms = {
      "2026-11-23": "2026-11-23T00:00:00.000Z",
      "2026-11-23T10:20": "2026-11-23T10:20:00.000Z",
      "2026-11-23T10:20:30": "2026-11-23T10:20:30.000Z",
      "2026-11-23T10:20:30.5": "2026-11-23T10:20:30.500Z",
      "2026-11-23T10:20:30Z": "2026-11-23T10:20:30.000Z",
      "2026-11-23T10:20:30+09:00": "2026-11-23T01:20:30.000Z",
      "2026-11-23T10:20:30+0900": "2026-11-23T01:20:30.000Z",
      "2026-11-23T10:20:30-03": "2026-11-23T13:20:30.000Z",
    };
    const entity = Object.fromEntries(Object.keys(forms).map((value, n) => [`a${n}`, { type: n % 2 ? "DateTime" : "ISO8601", value }]));
    await create(client, { id: "A", type: "T", ...entity });
    const shown = (await client.get("/v2/entities/A?options=values")).json;
    expect(shown).toEqual(Object.values(forms));
  });

  test("what is no moment is refused", async () => {
    const client = newClient();
    for (const value of ["yesterday", "2026-13-01", "2026-11-23T25:00:00Z", 5, {}]) {
      badRequest(await client.post("/v2/entities", { id: "A", a: { type: "DateTime", value } }), "date has invalid format in attribute value");
    }
    const metadata = { m: { type: "DateTime", value: "soon" } };
    badRequest(await client.post("/v2/entities", { id: "A", a: { value: 1, metadata } }), "date has invalid format in metadata value");
  });

  test("null is one, and meets no filter of moments", async () => {
    const client = newClient();
    await createAll(client, [{ id: "A", type: "T", a: { type: "DateTime", value: null } }, { id: "B", type: "T", a: { type: "DateTime", value: "2026-11-23" } }]);
    expect((await client.get("/v2/entities/A/attrs/a")).json).toEqual({ type: "DateTime", value: null, metadata: {} });
    expect(await idsOf(client, "?q=a%3E2000-01-01")).toEqual(["B"]);
    expect(await idsOf(client, "?q=a%3C2100-01-01")).toEqual(["B"]);
  });
});

row("number rendering", () => {
  test("numbers come back as they were written, as short as they can be", async () => {
    const client = newClient();
    const numbers = { "1": "1", "1.0": "1", "-0.5": "-0.5", "1e3": "1000", "0.1": "0.1", "9007199254740993": "9007199254740993", "1.23456789012345": "1.23456789012345" };
    const members = Object.keys(numbers).join(",");
    expectStatus(await client.post("/v2/entities", `{"id":"A","type":"T","a":{"value":[${members}]}}`), 201);
    expect((await client.get("/v2/entities/A/attrs/a/value")).text).toBe(`[${Object.values(numbers).join(",")}]`);
  });

  test("integers beyond 64 bits become the nearest double, and others keep their digits beside them", async () => {
    const client = newClient();
    const values = String.raw`[9223372036854775807,28442284282844228424,-28442284282844228424,"28442284282844228424\"28442284282844228424",-9223372036854775809]`;
    expectStatus(await client.post("/v2/entities", `{"id":"A","type":"T","a":{"value":${values}}}`), 201);
    const { text } = await client.get("/v2/entities/A/attrs/a/value");
    expect(text).toBe(String.raw`[9223372036854775807,2.844228428284423e+19,-2.844228428284423e+19,"28442284282844228424\"28442284282844228424",-9223372036854775808]`);
  });

  test("what is no number stays refused, however long", async () => {
    for (const wrong of ["028442284282844228424", "28442284282844228424e", "-", "284422842828442284241.", "1e0e0"]) {
      const answer = await newClient().post("/v2/entities", `{"id":"A","type":"T","a":{"value":${wrong}}}`);
      expect([wrong, answer.status]).toEqual([wrong, 400]);
    }
  });

  test("a plain number of more digits than 64 bits hold is one of JSON afterwards", async () => {
    const client = newClient();
    expectStatus(await client.post("/v2/entities", '{"id":"A","type":"T","a":{"value":1}}'), 201);
    const put = await client.put("/v2/entities/A/attrs/a/value", "-28442284282844228424", { "Content-Type": "text/plain" });
    expectStatus(put, 204);
    const { text } = await client.get("/v2/entities/A/attrs/a/value");
    expect(text).toContain("e+19");
    expect(JSON.parse(text)).toBe(Number("-28442284282844228424"));
  });

  test("what is beyond a double is refused", async () => {
    const answer = await newClient().post("/v2/entities", '{"id":"A","type":"T","a":{"value":1e999}}');
    expect(answer.status).toBe(400);
  });
});

row("metadata stickiness, overrideMetadata", () => {
  test("metadata stay unless they are named; {} names none", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "T", a: number(1, { x: meta(1), y: meta(2) }) });
    const shown = async (): Promise<unknown> => ((await client.get("/v2/entities/A/attrs/a")).json as { metadata: unknown }).metadata;
    expectStatus(await client.patch("/v2/entities/A/attrs", { a: number(2, { y: meta(3), z: meta(4) }) }), 204);
    expect(await shown()).toEqual({ x: meta(1), y: meta(3), z: meta(4) });
    expectStatus(await client.patch("/v2/entities/A/attrs", { a: { value: 3, metadata: {} } }), 204);
    expect(await shown()).toEqual({ x: meta(1), y: meta(3), z: meta(4) });
  });

  test("overrideMetadata leaves those of the request alone", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "T", a: number(1, { x: meta(1), y: meta(2) }) });
    const shown = async (): Promise<unknown> => ((await client.get("/v2/entities/A/attrs/a")).json as { metadata: unknown }).metadata;
    expectStatus(await client.patch("/v2/entities/A/attrs?options=overrideMetadata", { a: number(2, { z: meta(4) }) }), 204);
    expect(await shown()).toEqual({ z: meta(4) });
    expectStatus(await client.post("/v2/entities/A/attrs?options=overrideMetadata", { a: { value: 3 } }), 204);
    expect(await shown()).toEqual({});
  });
});

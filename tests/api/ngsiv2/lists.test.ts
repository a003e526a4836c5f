/** How a list is shown, ordered and cut into pages. */
import { expect, test } from "vitest";
import { at, badRequest, create, createAll, expectStatus, idsOf, meta, newClient, number, row, text } from "./broker.ts";

const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

row("options count, keyValues, values, unique, skipForwarding (+ deprecated dateCreated, dateModified)", () => {
  const entities = [
    { id: "A", type: "T", a: number(1), b: text("x") },
    { id: "B", type: "T", a: number(1), b: text("x") },
    { id: "C", type: "T", a: number(2), b: { value: null } },
  ];

  test("choose a representation", async () => {
    const client = newClient();
    await createAll(client, entities);
    const show = async (query: string): Promise<unknown> => expectStatus(await client.get(`/v2/entities?${query}`), 200).json;
    expect(await show("options=keyValues&id=A")).toEqual([{ id: "A", type: "T", a: 1, b: "x" }]);
    expect(await show("options=values&attrs=a,b")).toEqual([[1, "x"], [1, "x"], [2, null]]);
    expect(await show("options=unique&id=A&attrs=a,b")).toEqual([[1, "x"]]);
    expect(await show("options=skipForwarding,keyValues&id=A")).toEqual([{ id: "A", type: "T", a: 1, b: "x" }]);
  });

  test("unique leaves out values that look the same", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "T", a: number(1), b: number(1), c: text("1"), d: { value: { x: 1 } }, e: { value: { x: 1 } } });
    const answer = await client.get("/v2/entities/A?options=unique&attrs=a,b,c,d,e");
    expect(answer.json).toEqual([1, "1", { x: 1 }]);
  });

  test("count tells how many there are in all", async () => {
    const client = newClient();
    await createAll(client, entities);
    const answer = await client.get("/v2/entities?options=count&limit=1");
    expect([answer.headers.get("Fiware-Total-Count"), (answer.json as []).length]).toEqual(["3", 1]);
    expect((await client.get("/v2/entities?limit=1")).headers.has("Fiware-Total-Count")).toBe(false);
    expect((await client.get("/v2/entities?options=count&type=Nothing")).headers.get("Fiware-Total-Count")).toBe("0");
  });

  test("dateCreated and dateModified, the older way, add the built-in attributes", async () => {
    const client = newClient();
    await createAll(client, entities);
    const answer = await client.get("/v2/entities/A?options=keyValues,dateCreated,dateModified");
    const created = expect.stringMatching(moment) as unknown;
    expect(answer.json).toEqual({ id: "A", type: "T", a: 1, b: "x", dateCreated: created, dateModified: created });
  });

  test("unknown words, and two representations at once, are refused", async () => {
    const client = newClient();
    for (const options of ["nothing", "count,nothing", "keyValues,values"]) {
      badRequest(await client.get(`/v2/entities?options=${options}`), "Invalid value for URI param /options/");
    }
  });
});

row("attrs / metadata filter, `*` alias", () => {
  const entity = { id: "A", type: "T", a: number(1, { m: meta(1), k: meta(2) }), b: number(2), c: number(3) };

  test("attrs gives order and choice of what is shown", async () => {
    const client = newClient();
    await create(client, entity);
    expect((await client.get("/v2/entities/A?options=values&attrs=c,a")).text).toBe("[3,1]");
    expect((await client.get("/v2/entities/A?options=keyValues&attrs=c,b")).text).toBe('{"id":"A","type":"T","c":3,"b":2}');
    expect((await client.get("/v2/entities/A?options=keyValues&attrs=x")).text).toBe('{"id":"A","type":"T"}');
  });

  test("naming only built-in ones hides the user's, unless * stands beside", async () => {
    const client = newClient();
    await create(client, entity);
    const names = async (attrs: string): Promise<string[]> => Object.keys((await client.get(`/v2/entities/A?attrs=${attrs}`)).json as object);
    expect(await names("servicePath")).toEqual(["id", "type", "servicePath"]);
    expect(await names("*,servicePath")).toEqual(["id", "type", "a", "b", "c", "servicePath"]);
  });

  test("metadata does the same for metadata", async () => {
    const client = newClient();
    await create(client, entity);
    const names = async (metadata: string): Promise<string[]> => {
      const shown = (await client.get(`/v2/entities/A/attrs/a?metadata=${metadata}`)).json as { metadata: object };
      return Object.keys(shown.metadata);
    };
    expect(await names("k")).toEqual(["k"]);
    expect(await names("dateCreated")).toEqual(["dateCreated"]);
    expect((await names("*,dateCreated")).sort()).toEqual(["dateCreated", "k", "m"]);
  });
});

row("orderBy, `!`, id, type, geo:distance, builtins", () => {
  const a = (value: unknown): object => ({ a: { value } });

  test("values are ordered by kind first", async () => {
    const client = newClient();
    const values = [true, [1], { x: 1 }, "text", 5, null];
    await createAll(client, values.map((value, index) => ({ id: `E${index}`, type: "T", ...a(value) })));
    expect(await idsOf(client, "?orderBy=a")).toEqual(["E5", "E4", "E3", "E2", "E1", "E0"]);
    expect(await idsOf(client, "?orderBy=!a")).toEqual(["E0", "E1", "E2", "E3", "E4", "E5"]);
  });

  test("several attributes, id, type and built-in ones", async () => {
    const client = newClient();
    await createAll(at(client, "/z"), [{ id: "B", type: "T", ...a(1) }]);
    await createAll(at(client, "/y"), [{ id: "C", type: "U", ...a(1) }, { id: "A", type: "U", ...a(2) }]);
    expect(await idsOf(client, "")).toEqual(["B", "C", "A"]);
    expect(await idsOf(client, "?orderBy=a,!id")).toEqual(["C", "B", "A"]);
    expect(await idsOf(client, "?orderBy=!type,id")).toEqual(["A", "C", "B"]);
    expect(await idsOf(client, "?orderBy=servicePath,id")).toEqual(["A", "C", "B"]);
    expect(await idsOf(client, "?orderBy=!dateCreated,id")).toEqual(["A", "C", "B"]);
  });

  test("geo:distance puts the nearest first", async () => {
    const client = newClient();
    const place = (latitude: number): object => ({ place: { type: "geo:json", value: { type: "Point", coordinates: [140, latitude] } } });
    await createAll(client, [{ id: "Far", type: "T", ...place(36.02) }, { id: "Near", type: "T", ...place(36.001) }]);
    const near = "?georel=near;maxDistance:5000&geometry=point&coords=36,140";
    expect(await idsOf(client, near)).toEqual(["Far", "Near"]);
    expect(await idsOf(client, `${near}&orderBy=geo:distance`)).toEqual(["Near", "Far"]);
  });

  test("an attribute twice is refused, whatever its direction", async () => {
    const client = newClient();
    for (const order of ["a,a", "a,!a", "id,b,!id"]) {
      badRequest(await client.get(`/v2/entities?orderBy=${order}`), "duplicate orderBy token detected");
    }
  });
});

row("limit / offset", () => {
  test("20 without a limit, at most 1000", async () => {
    const client = newClient();
    await createAll(client, Array.from({ length: 25 }, (_, n) => ({ id: `E${String(n).padStart(2, "0")}`, type: "T" })));
    expect((await idsOf(client, "")).length).toBe(20);
    expect(await idsOf(client, "?limit=2&offset=20")).toEqual(["E20", "E21"]);
    expect((await idsOf(client, "?limit=1000")).length).toBe(25);
    badRequest(await client.get("/v2/entities?limit=1001"), "Bad pagination limit: /1001/ [max: 1000]");
  });

  test("behind the end there is an empty list", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "T" });
    const answer = await client.get("/v2/entities?offset=1000&options=count");
    expect([answer.status, answer.text, answer.headers.get("Fiware-Total-Count")]).toEqual([200, "[]", "1"]);
  });

  test("both are digits only", async () => {
    const client = newClient();
    badRequest(await client.get("/v2/entities?limit=-1"), "Bad pagination limit: /-1/ [must be a positive integer number]");
    badRequest(await client.get("/v2/entities?limit=1.5"), "Bad pagination limit: /1.5/ [must be a positive integer number]");
    badRequest(await client.get("/v2/entities?offset=x"), "Bad pagination offset: /x/ [must be a decimal number]");
  });

  test("a limit of 0 is a way to count", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "T" });
    const answer = await client.get("/v2/entities?limit=0&options=count");
    expect([answer.status, answer.text, answer.headers.get("Fiware-Total-Count")]).toEqual([200, "[]", "1"]);
  });
});

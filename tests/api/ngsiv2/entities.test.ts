/** Entities as a whole. */
import { expect, test } from "vitest";
import { badRequest, create, createAll, entityNotFound, expectError, expectStatus, exchange, idsOf, newClient, meta, number, row, text, valuesOf } from "./broker.ts";

row("GET /v2/entities", () => {
  test("id and type are lists of alternatives, and filters are joined by AND", async () => {
    const client = newClient();
    await createAll(client, [
      { id: "A", type: "Room", n: number(1) },
      { id: "B", type: "Room", n: number(2) },
      { id: "C", type: "Car", n: number(2) },
    ]);
    expect(await idsOf(client, "?id=A,C,X")).toEqual(["A", "C"]);
    expect(await idsOf(client, "?type=Room,Car")).toEqual(["A", "B", "C"]);
    expect(await idsOf(client, "?id=A,B,C&type=Room&q=n==2")).toEqual(["B"]);
    expect(await idsOf(client, "?idPattern=^[BC]$&typePattern=^R")).toEqual(["B"]);
  });

  test("a list and a pattern of the same thing exclude each other", async () => {
    const client = newClient();
    badRequest(await client.get("/v2/entities?id=A&idPattern=.*"), "Incompatible parameters: id, IdPattern");
    badRequest(await client.get("/v2/entities?type=A&typePattern=.*"), "Incompatible parameters: type, typePattern");
  });

  test("nothing found is an empty list, even in a tenant that was never written to", async () => {
    const answer = await newClient().get("/v2/entities?type=Nothing");
    expect([answer.status, answer.text]).toEqual([200, "[]"]);
  });
});

row("POST /v2/entities", () => {
  test("answers 201 with the place of the entity and no body", async () => {
    const client = newClient();
    const answer = await exchange(
      `${client.url}/v2/entities`,
      "POST",
      { "Content-Type": "application/json", "Fiware-Service": client.tenant ?? "" },
      JSON.stringify({ id: "A", type: "Room" }),
    );
    expect(answer.statusLine).toBe("201 Created");
    expect(answer.headers["location"]).toBe("/v2/entities/A?type=Room");
    expect(answer.headers["content-length"]).toBe("0");
    expect(answer.body).toBe("");
  });

  test("an entity without a type is a Thing", async () => {
    const client = newClient();
    const answer = await client.post("/v2/entities", { id: "A" });
    expect(answer.headers.get("Location")).toBe("/v2/entities/A?type=Thing");
    expect(await valuesOf(client, "A")).toEqual({ id: "A", type: "Thing" });
  });

  test("one that exists is refused and stays as it is", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "Room", n: number(1) });
    expectError(await client.post("/v2/entities", { id: "A", type: "Room", n: number(2) }), 422, "Unprocessable", "Already Exists");
    expect(await valuesOf(client, "A")).toEqual({ id: "A", type: "Room", n: 1 });
  });
});

row("options=upsert", () => {
  test("answers 204 with Location and without Content-Length, new or not", async () => {
    const client = newClient();
    const headers = { "Content-Type": "application/json", "Fiware-Service": client.tenant ?? "" };
    for (const value of [1, 2]) {
      const body = JSON.stringify({ id: "A", type: "Room", [`n${value}`]: number(value) });
      const answer = await exchange(`${client.url}/v2/entities?options=upsert`, "POST", headers, body);
      expect(answer.statusLine).toBe("204 No Content");
      expect(answer.headerNames).toEqual(["Date", "Fiware-Correlator", "Location"]);
      expect(answer.headers["location"]).toBe("/v2/entities/A?type=Room");
    }
    expect(await valuesOf(client, "A")).toEqual({ id: "A", type: "Room", n1: 1, n2: 2 });
  });
});

row("GET /v2/entities/{id}, .../attrs", () => {
  test("shows an entity, and its attributes without id and type", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "Room", n: number(1) });
    expect((await client.get("/v2/entities/A")).json).toEqual({ id: "A", type: "Room", n: number(1) });
    expect((await client.get("/v2/entities/A/attrs")).json).toEqual({ n: number(1) });
  });

  test("an id that is there twice needs its type", async () => {
    const client = newClient();
    await createAll(client, [{ id: "A", type: "Room" }, { id: "A", type: "Car" }]);
    for (const path of ["/v2/entities/A", "/v2/entities/A/attrs"]) {
      expectError(await client.get(path), 409, "TooManyResults", "More than one matching entity. Please refine your query");
    }
    expect((await client.get("/v2/entities/A?type=Car")).json).toEqual({ id: "A", type: "Car" });
  });

  test("what is missing is named: the entity, the attribute, the type", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "Room" });
    entityNotFound(await client.get("/v2/entities/B"));
    entityNotFound(await client.get("/v2/entities/A?type=Car"));
    expectError(await client.get("/v2/entities/A/attrs/n"), 404, "NotFound", "The entity does not have such an attribute");
    expectError(await client.get("/v2/types/Car"), 404, "NotFound", "Entity type not found");
  });
});

row("POST /v2/entities/{id}/attrs (update or append)", () => {
  test("updates what is there and adds the rest", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "Room", n: number(1) });
    const answer = expectStatus(await client.post("/v2/entities/A/attrs", { n: number(2), m: number(3) }), 204);
    expect([answer.text, answer.headers.get("Content-Length")]).toEqual(["", null]);
    expect(await valuesOf(client, "A")).toEqual({ id: "A", type: "Room", n: 2, m: 3 });
  });

  test("does not make an entity", async () => {
    const client = newClient();
    entityNotFound(await client.post("/v2/entities/A/attrs", { n: number(2) }));
    expect(await idsOf(client, "")).toEqual([]);
  });
});

row("options=append (strict)", () => {
  test("adds what is new although some exist, and tells those", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "Room", n: number(1) });
    const answer = await client.post("/v2/entities/A/attrs?options=append", { n: number(2), m: number(3) });
    expectError(answer, 422, "PartialUpdate", "one or more of the attributes in the request already exist: A - [ n ]");
    expect(await valuesOf(client, "A")).toEqual({ id: "A", type: "Room", n: 1, m: 3 });
  });

  test("refuses when all exist, and names the type only if the request did", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "Room", n: number(1), m: number(1) });
    const sentence = "one or more of the attributes in the request already exist";
    const body = { n: number(2), m: number(2) };
    expectError(await client.post("/v2/entities/A/attrs?options=append", body), 422, "Unprocessable", `${sentence}: A - [ n, m ]`);
    expectError(await client.post("/v2/entities/A/attrs?options=append&type=Room", body), 422, "Unprocessable", `${sentence}: A/Room - [ n, m ]`);
  });
});

row("PATCH .../attrs", () => {
  test("updates those that exist and tells those that do not", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "Room", n: number(1) });
    const answer = await client.patch("/v2/entities/A/attrs?type=Room", { n: number(2), x: number(1), y: number(1) });
    expectError(answer, 422, "PartialUpdate", "do not exist: A/Room - [ x, y ]");
    expect(await valuesOf(client, "A")).toEqual({ id: "A", type: "Room", n: 2 });
  });

  test("is refused when none exists", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "Room", n: number(1) });
    expectError(await client.patch("/v2/entities/A/attrs", { x: number(1) }), 422, "Unprocessable", "do not exist: A - [ x ]");
    entityNotFound(await client.patch("/v2/entities/B/attrs", { n: number(1) }));
    expectStatus(await client.patch("/v2/entities/A/attrs", { n: number(5) }), 204);
  });

  test("does not take the identity in the body", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "Room", n: number(1) });
    badRequest(await client.patch("/v2/entities/A/attrs", { id: "A", n: number(1) }), "entity id specified in payload");
    badRequest(await client.patch("/v2/entities/A/attrs", { type: "Room", n: number(1) }), "entity type specified in payload");
  });
});

row("PUT .../attrs", () => {
  test("replaces the whole set of attributes", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "Room", n: number(1, { m: meta(1) }), x: text("x") });
    expectStatus(await client.put("/v2/entities/A/attrs", { n: number(2), y: text("y") }), 204);
    expect((await client.get("/v2/entities/A")).json).toEqual({ id: "A", type: "Room", n: number(2), y: text("y") });
    entityNotFound(await client.put("/v2/entities/B/attrs", { n: number(2) }));
  });

  test("makes a transient entity permanent unless it names the expiry again", async () => {
    const client = newClient();
    const dateExpires = { type: "DateTime", value: "2100-01-01T00:00:00.000Z" };
    await create(client, { id: "A", type: "Room", dateExpires });
    await create(client, { id: "B", type: "Room", dateExpires });
    expectStatus(await client.put("/v2/entities/A/attrs", { n: number(1) }), 204);
    expectStatus(await client.put("/v2/entities/B/attrs", { n: number(1), dateExpires }), 204);
    expect((await client.get("/v2/entities?options=keyValues&attrs=dateExpires,n")).json).toEqual([
      { id: "A", type: "Room", n: 1 },
      { id: "B", type: "Room", n: 1, dateExpires: "2100-01-01T00:00:00.000Z" },
    ]);
  });
});

row("DELETE /v2/entities/{id}", () => {
  test("removes one that is meant without doubt", async () => {
    const client = newClient();
    await createAll(client, [{ id: "A", type: "Room" }, { id: "A", type: "Car" }]);
    expectError(await client.delete("/v2/entities/A"), 409, "TooManyResults", "More than one matching entity. Please refine your query");
    expectStatus(await client.delete("/v2/entities/A?type=Car"), 204);
    expectStatus(await client.delete("/v2/entities/A"), 204);
    entityNotFound(await client.delete("/v2/entities/A"));
    expect(await idsOf(client, "")).toEqual([]);
  });
});

/** Many entities in one request. */
import { expect, test } from "vitest";
import { badRequest, createAll, expectError, expectStatus, newClient, meta, number, row, text, valuesOf } from "./broker.ts";

row("POST /v2/op/update", () => {
  const update = (actionType: string, ...entities: object[]): object => ({ actionType, entities });

  test("knows five actions, and the names of them in capitals", async () => {
    const client = newClient();
    const names = [["append", "APPEND"], ["appendStrict", "APPEND_STRICT"], ["update", "UPDATE"], ["replace", "REPLACE"], ["delete", "DELETE"]];
    for (const which of [0, 1]) {
      const send = async (action: number, ...entities: object[]): Promise<void> => {
        expectStatus(await client.post("/v2/op/update", update(names[action]?.[which] ?? "", ...entities)), 204);
      };
      await send(0, { id: "A", type: "T", a: number(1) });
      await send(1, { id: "A", type: "T", b: number(1) });
      await send(2, { id: "A", type: "T", a: number(2) });
      expect(await valuesOf(client, "A")).toEqual({ id: "A", type: "T", a: 2, b: 1 });
      await send(3, { id: "A", type: "T", c: number(3) });
      expect(await valuesOf(client, "A")).toEqual({ id: "A", type: "T", c: 3 });
      await send(4, { id: "A", type: "T", c: {} });
      expect(await valuesOf(client, "A")).toEqual({ id: "A", type: "T" });
      await send(4, { id: "A", type: "T" });
      expectStatus(await client.get("/v2/entities/A"), 404);
    }
    badRequest(
      await client.post("/v2/op/update", update("upsert", { id: "A" })),
      "invalid update action type: right ones are: append, appendStric, delete, replace, update",
    );
  });

  test("entities are changed each on its own, and one error tells all that was not done", async () => {
    const client = newClient();
    await createAll(client, [{ id: "A", type: "T", a: number(1) }, { id: "B", type: "T", a: number(1) }]);
    const answer = await client.post(
      "/v2/op/update",
      update("update", { id: "A", type: "T", a: number(2), x: number(1) }, { id: "N", type: "T", a: number(2) }, { id: "B", type: "T", a: number(2) }),
    );
    expectError(answer, 422, "PartialUpdate", "do not exist: A/T - [ x ], N/T [entity itself]");
    expect([(await valuesOf(client, "A"))["a"], (await valuesOf(client, "B"))["a"]]).toEqual([2, 2]);
  });

  test("is not found only when no entity was there", async () => {
    const client = newClient();
    await createAll(client, [{ id: "A", type: "T", a: number(1) }]);
    const missing = [{ id: "N", type: "T", a: number(1) }, { id: "M", type: "T", a: number(1) }];
    expectError(await client.post("/v2/op/update", update("update", ...missing)), 404, "NotFound", "do not exist: N/T - [entity itself], M/T [entity itself]");
    expectError(
      await client.post("/v2/op/update", update("update", { id: "A", type: "T", x: number(1) }, ...missing.slice(0, 1))),
      422,
      "Unprocessable",
      "do not exist: A/T - [ x ], N/T [entity itself]",
    );
  });

  test("a broken body changes nothing", async () => {
    const client = newClient();
    await createAll(client, [{ id: "A", type: "T", a: number(1) }]);
    const broken = update("append", { id: "A", type: "T", a: number(2) }, { type: "T" });
    badRequest(await client.post("/v2/op/update", broken), "nor /id/ nor /idPattern/ present");
    badRequest(await client.post("/v2/op/update", update("append")), "empty entities vector");
    expect((await valuesOf(client, "A"))["a"]).toBe(1);
  });
});

row("POST /v2/op/query", () => {
  test("thousands of entities may be asked for by id", async () => {
    const client = newClient();
    for (const id of ["N7", "N2999"]) expectStatus(await client.post("/v2/entities", { id, type: id === "N7" ? "T" : "U" }), 201);
    const ids = Array.from({ length: 3000 }, (_, i) => `N${i}`);
    const found = async (entities: unknown[]): Promise<unknown> => (await client.post("/v2/op/query?options=keyValues", { entities })).json;
    expect(await found(ids.map((id) => ({ id })))).toEqual([{ id: "N7", type: "T" }, { id: "N2999", type: "U" }]);
    expect(await found([...ids.map((id) => ({ id, type: "U" })), { idPattern: "^x" }])).toEqual([{ id: "N2999", type: "U" }]);
  });

  const entities = [
    { id: "A", type: "T", a: number(1, { m: meta(1), k: meta(2) }), b: text("x") },
    { id: "B", type: "T", a: number(2) },
    { id: "C", type: "U", b: text("x") },
  ];

  test("expression filters, attrs and metadata choose what is shown", async () => {
    const client = newClient();
    await createAll(client, entities);
    const answer = await client.post("/v2/op/query", { entities: [{ idPattern: ".*", type: "T" }], expression: { q: "a<2" }, attrs: ["a"], metadata: ["m"] });
    expect(expectStatus(answer, 200).json).toEqual([{ id: "A", type: "T", a: number(1, { m: meta(1) }) }]);
  });

  test("selectors are alternatives", async () => {
    const client = newClient();
    await createAll(client, entities);
    const body = { entities: [{ id: "A" }, { idPattern: ".*", typePattern: "^U$" }], attrs: ["b"] };
    const answer = await client.post("/v2/op/query?options=keyValues,count&orderBy=!id", body);
    expect(answer.headers.get("Fiware-Total-Count")).toBe("2");
    expect(answer.json).toEqual([{ id: "C", type: "U", b: "x" }, { id: "A", type: "T", b: "x" }]);
  });

  test("attributes, the older word, both filters and chooses", async () => {
    const client = newClient();
    await createAll(client, entities);
    const answer = await client.post("/v2/op/query?options=keyValues", { attributes: ["b"] });
    expect(answer.json).toEqual([{ id: "A", type: "T", b: "x" }, { id: "C", type: "U", b: "x" }]);
    const chosen = await client.post("/v2/op/query?options=keyValues", { attrs: ["b"] });
    expect((chosen.json as object[]).length).toBe(3);
  });

  test("fields that are empty or of another kind are refused", async () => {
    const client = newClient();
    badRequest(await client.post("/v2/op/query", {}), "empty payload");
    badRequest(await client.post("/v2/op/query", { expression: {} }), "expression is empty");
    badRequest(await client.post("/v2/op/query", { expression: { q: "" } }), "q is empty");
    badRequest(await client.post("/v2/op/query", { attrs: "a" }), "the field /attrs/ must be a JSON array");
  });
});

row("POST /v2/op/notify", () => {
  const body = { subscriptionId: "5aeb0ee97d4ef10a12a0262f", data: [{ id: "A", type: "T", a: number(2), b: number(3) }] };

  test("takes entities over as append does", async () => {
    const client = newClient();
    await createAll(client, [{ id: "A", type: "T", a: number(1), x: number(1) }]);
    const answer = expectStatus(await client.post("/v2/op/notify", body), 200);
    expect(answer.text).toBe("");
    expect(await valuesOf(client, "A")).toEqual({ id: "A", type: "T", a: 2, x: 1, b: 3 });
  });

  test("takes no other form than normalized", async () => {
    const client = newClient();
    const answer = await client.post("/v2/op/notify", body, { "Ngsiv2-AttrsFormat": "keyValues" });
    badRequest(answer, "attribute render format /keyValues/ not supported for notifications");
    badRequest(await client.post("/v2/op/notify", { data: body.data }), "invalid JSON payload, mandatory field /subscriptionId/ not found");
  });
});

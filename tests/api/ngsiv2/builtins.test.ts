/** What the broker knows of entities and attributes by itself, and entities that go by themselves. */
import { expect, test } from "vitest";
import { badRequest, create, createAll, dataOf, entityNotFound, expectStatus, found, idsOf, meta, newClient, number, receiver, row, subscribe, text } from "./broker.ts";

const moment: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const farAway = { type: "DateTime", value: "2100-01-01T00:00:00.000Z" };

row("builtin attributes dateCreated, dateModified, dateExpires, alterationType, servicePath", () => {
  test("come only when they are asked for", async () => {
    const client = newClient("/a/b");
    await create(client, { id: "A", type: "T", n: number(1), dateExpires: farAway });
    expect((await client.get("/v2/entities/A")).json).toEqual({ id: "A", type: "T", n: number(1) });
    const asked = await client.get("/v2/entities/A?attrs=dateCreated,dateModified,dateExpires,servicePath");
    expect(asked.json).toEqual({
      id: "A",
      type: "T",
      dateCreated: { type: "DateTime", value: moment, metadata: {} },
      dateModified: { type: "DateTime", value: moment, metadata: {} },
      dateExpires: { ...farAway, metadata: {} },
      servicePath: { type: "Text", value: "/a/b", metadata: {} },
    });
  });

  test("dateModified moves with a change, dateCreated does not", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "T", n: number(1) });
    const times = async (): Promise<Record<string, string>> =>
      (await client.get("/v2/entities/A?options=keyValues&attrs=dateCreated,dateModified")).json as Record<string, string>;
    const before = await times();
    expectStatus(await client.patch("/v2/entities/A/attrs", { n: number(2) }), 204);
    const after = await times();
    expect(after["dateCreated"]).toBe(before["dateCreated"]);
    expect((after["dateModified"] ?? "") > (before["dateModified"] ?? "")).toBe(true);
  });

  test("a user's attribute of such a name is shown instead, but filters see the broker's", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "T", dateCreated: { type: "DateTime", value: "1990-01-01T00:00:00.000Z" }, servicePath: text("mine") });
    const shown = await client.get("/v2/entities/A?options=keyValues&attrs=dateCreated,servicePath");
    expect(shown.json).toEqual({ id: "A", type: "T", dateCreated: "1990-01-01T00:00:00.000Z", servicePath: "mine" });
    expect(await found(client, "dateCreated>2000-01-01")).toEqual(["A"]);
    expect(await found(client, "servicePath==mine")).toEqual([]);
  });

  test("alterationType comes with notifications", async () => {
    const client = newClient();
    const target = await receiver();
    await subscribe(client, target.url, { notification: { attrs: ["alterationType", "n"], attrsFormat: "keyValues" } });
    await create(client, { id: "A", type: "T", n: number(1) });
    expectStatus(await client.patch("/v2/entities/A/attrs", { n: number(2) }), 204);
    const received = await target.waitFor(2);
    expect(received.map((each) => dataOf(each)[0]?.["alterationType"])).toEqual(["entityCreate", "entityChange"]);
    expect((await client.get("/v2/entities/A?attrs=alterationType")).json).toEqual({ id: "A", type: "T" });
  });
});

row("builtin metadata dateCreated, dateModified, previousValue, actionType", () => {
  test("dateCreated and dateModified come when they are asked for", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "T", n: number(1, { m: meta(1) }) });
    const shown = (await client.get("/v2/entities/A?metadata=dateCreated,dateModified,m")).json;
    const date = { type: "DateTime", value: moment };
    expect(shown).toEqual({ id: "A", type: "T", n: number(1, { dateCreated: date, dateModified: date, m: meta(1) }) });
    const more = (await client.get("/v2/entities/A?metadata=previousValue,actionType")).json;
    expect(more).toEqual({ id: "A", type: "T", n: number(1) });
  });

  test("previousValue and actionType come with notifications, also for attributes that did not change", async () => {
    const client = newClient();
    const target = await receiver();
    await subscribe(client, target.url, { notification: { metadata: ["previousValue", "actionType"] } });
    await create(client, { id: "A", type: "T", n: number(1), s: text("x") });
    expectStatus(await client.post("/v2/entities/A/attrs", { n: number(2), more: number(3) }), 204);
    const received = await target.waitFor(2);
    expect(dataOf(received[0])[0]?.["n"]).toEqual(number(1, { actionType: meta("append") }));
    expect(dataOf(received[1])[0]).toEqual({
      id: "A",
      type: "T",
      n: number(2, { previousValue: meta(1), actionType: meta("update") }),
      s: text("x", { previousValue: meta("x") }),
      more: number(3, { actionType: meta("append") }),
    });
  });
});

row("transient entities dateExpires", () => {
  test("the expiry is a moment", async () => {
    const client = newClient();
    for (const value of ["tomorrow", 5]) {
      badRequest(await client.post("/v2/entities", { id: "A", dateExpires: { type: "DateTime", value } }), "date has invalid format in attribute value");
    }
    badRequest(await client.post("/v2/entities", { id: "A", dateExpires: { type: "Text", value: "x" } }), "error processing date expiration attribute, see log traces");
  });

  test("an entity whose time has passed is not there, at once", async () => {
    const client = newClient();
    await createAll(client, [{ id: "A", type: "T", dateExpires: { type: "DateTime", value: "2000-01-01" } }, { id: "B", type: "T", dateExpires: farAway }]);
    expect(await idsOf(client, "")).toEqual(["B"]);
    entityNotFound(await client.get("/v2/entities/A"));
    entityNotFound(await client.patch("/v2/entities/A/attrs", { n: number(1) }));
  });

  test("an update may move the expiry, and removing it makes the entity permanent", async () => {
    const client = newClient();
    await createAll(client, [{ id: "A", type: "T", dateExpires: farAway }, { id: "B", type: "T", dateExpires: farAway }]);
    expectStatus(await client.patch("/v2/entities/A/attrs", { dateExpires: { type: "DateTime", value: "2000-01-01" } }), 204);
    expectStatus(await client.delete("/v2/entities/B/attrs/dateExpires"), 204);
    expect((await client.get("/v2/entities?attrs=dateExpires")).json).toEqual([{ id: "B", type: "T" }]);
  });
});

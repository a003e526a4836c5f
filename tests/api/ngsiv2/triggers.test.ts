/** What a subscription fires for. */
import { expect, test } from "vitest";
import type { Client } from "../../support/client.ts";
import type { Receiver } from "../../support/receiver.ts";
import { badRequest, create, createAll, dataOf, expectStatus, meta, newClient, notifiedIds, number, receiver, row, subscribe, text } from "./broker.ts";

const patch = async (client: Client, id: string, attributes: object, options = ""): Promise<void> => {
  expectStatus(await client.patch(`/v2/entities/${id}/attrs${options}`, attributes), 204);
};
/** The values of `n` that were notified, in order of arrival. */
const heard = (target: Receiver): unknown[] => target.received.map((each) => dataOf(each)[0]?.["n"]);
const keyValues = { attrsFormat: "keyValues" };

row("condition.attrs, expression (q,mq,georel,geometry,coords), jexlExpression", () => {
  test("a change of value or metadata of a listed attribute fires", async () => {
    const client = newClient();
    const target = await receiver();
    await create(client, { id: "A", type: "T", n: number(0), m: number(0) });
    await subscribe(client, target.url, { subject: { condition: { attrs: ["n"] } }, notification: keyValues });
    await patch(client, "A", { m: number(1) });
    await patch(client, "A", { n: number(0) });
    await patch(client, "A", { n: number(0, { unit: meta("m") }) });
    await patch(client, "A", { n: number(2) });
    await target.waitFor(2);
    expect(heard(target)).toEqual([0, 2]);
  });

  test("q, mq and a place must hold, whatever changed", async () => {
    const client = newClient();
    const [byValue, byMetadata, byPlace] = [await receiver(), await receiver(), await receiver()];
    const when = (expression: object): object => ({ condition: { expression } });
    await subscribe(client, byValue.url, { subject: when({ q: "n>10;s==on" }) });
    await subscribe(client, byMetadata.url, { subject: when({ mq: "n.quality>=3" }) });
    await subscribe(client, byPlace.url, { subject: when({ georel: "near;maxDistance:1000", geometry: "point", coords: "36,140" }) });
    const p = (latitude: number): object => ({ type: "geo:json", value: { type: "Point", coordinates: [140, latitude] } });
    await createAll(client, [
      { id: "None", type: "T", n: number(5), s: text("on"), p: p(36.1) },
      { id: "Value", type: "T", n: number(11), s: text("on"), p: p(36.1) },
      { id: "Metadata", type: "T", n: number(5, { quality: meta(3) }), p: p(36.1) },
      { id: "Place", type: "T", n: number(5), p: p(36.001) },
      { id: "All", type: "T", n: number(11, { quality: meta(3) }), s: text("on"), p: p(36.001) },
    ]);
    for (const [target, id] of [[byValue, "Value"], [byMetadata, "Metadata"], [byPlace, "Place"]] as const) {
      await target.waitFor(2);
      expect(notifiedIds(target).sort()).toEqual(["All", id]);
    }
  });

  test("jexlExpression fires when it is true", async () => {
    const client = newClient();
    const target = await receiver();
    await subscribe(client, target.url, { subject: { condition: { jexlExpression: "(n + m) * 2 > 10 && s|uppercase == 'ON'" } }, notification: keyValues });
    await create(client, { id: "A", type: "T", n: number(1), m: number(1), s: text("on") });
    await patch(client, "A", { n: number(5) });
    await patch(client, "A", { s: text("off") });
    await patch(client, "A", { s: text("oN"), n: number(6) });
    await target.waitFor(2);
    expect(heard(target)).toEqual([5, 6]);
  });

  test("empty lists and objects, and half a place, are refused", async () => {
    const client = newClient();
    const body = (condition: object): object => ({ subject: { entities: [{ id: "A" }], condition }, notification: { http: { url: "http://127.0.0.1:1" } } });
    badRequest(await client.post("/v2/subscriptions", body({})), "condition is empty");
    badRequest(await client.post("/v2/subscriptions", body({ expression: {} })), "expression is empty");
    badRequest(await client.post("/v2/subscriptions", body({ expression: { q: "" } })), "q is empty");
    const partial = "partial geo expression: geometry, georel and coords have to be provided together";
    badRequest(await client.post("/v2/subscriptions", body({ expression: { georel: "near;maxDistance:1", geometry: "point" } })), partial);
    badRequest(await client.post("/v2/subscriptions", body({ expression: { q: "a==" } })), "empty right-hand-side in q-item");
  });
});

row("notifyOnMetadataChange", () => {
  test("is true unless it is said otherwise; then metadata alone do not fire", async () => {
    const client = newClient();
    const [both, values] = [await receiver(), await receiver()];
    await create(client, { id: "A", type: "T", n: number(0, { m: meta(0) }) });
    await subscribe(client, both.url, { notification: keyValues });
    await subscribe(client, values.url, { subject: { condition: { notifyOnMetadataChange: false } }, notification: keyValues });
    await patch(client, "A", { n: number(0, { m: meta(1) }) });
    await patch(client, "A", { n: number(1, { m: meta(1) }) });
    await both.waitFor(2);
    await values.waitFor(1);
    expect([heard(both), heard(values)]).toEqual([[0, 1], [1]]);
    const wrong = { subject: { entities: [{ id: "A" }], condition: { notifyOnMetadataChange: 1 } }, notification: { http: { url: both.url } } };
    badRequest(await client.post("/v2/subscriptions", wrong), "notifyOnMetadataChange is not a bool");
  });
});

row("alterationTypes entityCreate/Change/Update/Delete", () => {
  const script = async (client: Client): Promise<void> => {
    await create(client, { id: "A", type: "T", n: number(1), m: number(1) });
    await patch(client, "A", { n: number(1) });
    await patch(client, "A", { n: number(2) });
    expectStatus(await client.delete("/v2/entities/A"), 204);
    await create(client, { id: "A", type: "T", n: number(9), end: number(1) });
    await patch(client, "A", { n: number(10) });
    await patch(client, "A", { n: number(10) });
    expectStatus(await client.delete("/v2/entities/A"), 204);
  };
  const kinds = (target: Receiver): string[] => target.received.map((each) => `${String(dataOf(each)[0]?.["alterationType"]).replace("entity", "")} ${String(dataOf(each)[0]?.["n"])}`);

  test.each([
    [undefined, ["Create 1", "Change 2", "Create 9", "Change 10"]],
    [["entityCreate"], ["Create 1", "Create 9"]],
    [["entityChange"], ["Change 2", "Change 10"]],
    [["entityUpdate"], ["Update 1", "Change 2", "Change 10", "Update 10"]],
    [["entityDelete"], ["Delete 2", "Delete 10"]],
    [["entityCreate", "entityDelete"], ["Create 1", "Delete 2", "Create 9", "Delete 10"]],
  ])("%j", async (alterationTypes, expected) => {
    const client = newClient();
    const target = await receiver();
    const condition = alterationTypes === undefined ? {} : { condition: { alterationTypes } };
    await subscribe(client, target.url, { subject: condition, notification: { ...keyValues, attrs: ["n", "alterationType"] } });
    await script(client);
    await target.waitFor(expected.length);
    expect(kinds(target).sort()).toEqual([...expected].sort());
  });

  test("condition.attrs does not count for a removal, and unknown kinds are refused", async () => {
    const client = newClient();
    const target = await receiver();
    await create(client, { id: "A", type: "T", n: number(1), m: number(1) });
    await subscribe(client, target.url, { subject: { condition: { attrs: ["m"], alterationTypes: ["entityChange", "entityDelete"] } }, notification: keyValues });
    await patch(client, "A", { n: number(2) });
    expectStatus(await client.delete("/v2/entities/A"), 204);
    await target.waitFor(1);
    expect(heard(target)).toEqual([2]);
    const wrong = { subject: { entities: [{ id: "A" }], condition: { alterationTypes: ["entityFoo"] } }, notification: { http: { url: target.url } } };
    badRequest(await client.post("/v2/subscriptions", wrong), "unknown subscription alterationType: entityFoo");
  });
});

row("forcedUpdate option", () => {
  test("counts as a change although nothing changed", async () => {
    const client = newClient();
    const target = await receiver();
    await create(client, { id: "A", type: "T", n: number(1) });
    await subscribe(client, target.url, { notification: { ...keyValues, attrs: ["n", "alterationType"] } });
    await patch(client, "A", { n: number(1) });
    await patch(client, "A", { n: number(1) }, "?options=forcedUpdate");
    expectStatus(await client.post("/v2/op/update?options=forcedUpdate", { actionType: "update", entities: [{ id: "A", type: "T", n: number(1) }] }), 204);
    await patch(client, "A", { n: number(2) });
    await target.waitFor(3);
    expect(target.received.map((each) => dataOf(each)[0])).toEqual(
      [1, 1, 2].map((n) => ({ id: "A", type: "T", n, alterationType: "entityChange" })),
    );
  });
});

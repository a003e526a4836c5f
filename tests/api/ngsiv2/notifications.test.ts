/** What a notification carries, in which form, and what becomes of it. */
import { expect, test } from "vitest";
import type { Client } from "../../support/client.ts";
import type { Receiver } from "../../support/receiver.ts";
import { until } from "../../support/until.ts";
import { badRequest, create, createAll, dataOf, expectStatus, meta, newClient, notifiedIds, number, receiver, row, subscribe, text } from "./broker.ts";

const patch = async (client: Client, id: string, attributes: object): Promise<void> => {
  expectStatus(await client.patch(`/v2/entities/${id}/attrs`, attributes), 204);
};
const bodies = (target: Receiver): unknown[] => target.received.map((each) => each.json);
const first = (target: Receiver): unknown => dataOf(target.received[0])[0];

row("attrs / exceptAttrs, onlyChangedAttrs, covered", () => {
  const entity = { id: "A", type: "T", a: number(1), b: number(2), c: number(3) };

  async function notified(notification: object, change: object = { a: number(9), b: number(9) }): Promise<unknown> {
    const client = newClient();
    const target = await receiver();
    await create(client, entity);
    await subscribe(client, target.url, { notification: { attrsFormat: "keyValues", ...notification } });
    await patch(client, "A", change);
    await target.waitFor(1);
    return first(target);
  }
  const identity = { id: "A", type: "T" };

  test("attrs names what is sent, exceptAttrs what is not", async () => {
    expect(await notified({})).toEqual({ ...identity, a: 9, b: 9, c: 3 });
    expect(await notified({ attrs: ["c", "a", "x"] })).toEqual({ ...identity, c: 3, a: 9 });
    expect(await notified({ exceptAttrs: ["a"] })).toEqual({ ...identity, b: 9, c: 3 });
  });

  test("onlyChangedAttrs leaves out what did not change, but keeps what the broker knows", async () => {
    expect(await notified({ onlyChangedAttrs: true })).toEqual({ ...identity, a: 9, b: 9 });
    expect(await notified({ onlyChangedAttrs: true, attrs: ["b", "c", "alterationType"] })).toEqual({ ...identity, b: 9, alterationType: "entityChange" });
    expect(await notified({ onlyChangedAttrs: true, exceptAttrs: ["a"] })).toEqual({ ...identity, b: 9 });
  });

  test("covered sends null for what is missing, and needs a list", async () => {
    expect(await notified({ attrs: ["a", "x"], covered: true, attrsFormat: "normalized" })).toEqual({ ...identity, a: number(9), x: { type: "None", value: null, metadata: {} } });
    const wrong = { subject: { entities: [{ id: "A" }] }, notification: { http: { url: "http://127.0.0.1:1" }, covered: true } };
    badRequest(await newClient().post("/v2/subscriptions", wrong), "covered true cannot be used if notification attributes list is empty");
  });
});

row("attrsFormat normalized, simplifiedNormalized, keyValues, simplifiedKeyValues, values (legacy removed)", () => {
  test.each([
    ["normalized", (subscriptionId: string) => ({ subscriptionId, data: [{ id: "A", type: "T", a: number(1, { m: meta(2) }), b: text("x") }] })],
    ["keyValues", (subscriptionId: string) => ({ subscriptionId, data: [{ id: "A", type: "T", a: 1, b: "x" }] })],
    ["values", (subscriptionId: string) => ({ subscriptionId, data: [[1, "x"]] })],
    ["simplifiedNormalized", () => ({ id: "A", type: "T", a: number(1, { m: meta(2) }), b: text("x") })],
    ["simplifiedKeyValues", () => ({ id: "A", type: "T", a: 1, b: "x" })],
  ])("%s", async (attrsFormat, expected) => {
    const client = newClient();
    const target = await receiver();
    const id = await subscribe(client, target.url, { notification: { attrsFormat } });
    await create(client, { id: "A", type: "T", a: number(1, { m: meta(2) }), b: text("x") });
    const [received] = await target.waitFor(1);
    expect([received?.json, received?.headers["ngsiv2-attrsformat"]]).toEqual([expected(id), attrsFormat]);
  });

  test("no other is known", async () => {
    for (const attrsFormat of ["unique", "legacy"]) {
      const body = { subject: { entities: [{ id: "A" }] }, notification: { http: { url: "http://127.0.0.1:1" }, attrsFormat } };
      const sentence = "invalid attrsFormat, accepted values: normalized, simplifiedNormalized, keyValues, simplifiedkeyValues, values";
      badRequest(await newClient().post("/v2/subscriptions", body), sentence);
    }
  });
});

row("one notification = one entity", () => {
  test("a batch gives a notification for each entity, in order", async () => {
    const client = newClient();
    const target = await receiver();
    await subscribe(client, target.url);
    const ids = ["C", "A", "B"];
    await createAll(client, ids.map((id) => ({ id, type: "T", n: number(1) })));
    await target.waitFor(3);
    expect(target.received.map((each) => dataOf(each).length)).toEqual([1, 1, 1]);
    expect(notifiedIds(target).sort()).toEqual(["A", "B", "C"]);
  });
});

row("correlator", () => {
  test("a notification carries the request's with its own number", async () => {
    const client = newClient();
    const target = await receiver();
    for (let n = 0; n < 2; n += 1) await subscribe(client, target.url);
    await client.post("/v2/entities", { id: "A", type: "T", n: number(1) }, { "Fiware-Correlator": "root" });
    await target.waitFor(2);
    expect(target.received.map((each) => each.headers["fiware-correlator"]).sort()).toEqual(["root; cbnotif=1", "root; cbnotif=2"]);
  });

  test("a change that a notification caused does not fire again where it came from", async () => {
    const client = newClient();
    const target = await receiver();
    await create(client, { id: "A", type: "T", n: number(0) });
    await subscribe(client, target.url, { notification: { attrsFormat: "keyValues" } });
    const body = (n: number): object => ({ subscriptionId: "5aeb0ee97d4ef10a12a0262f", data: [{ id: "A", type: "T", n: number(n) }] });
    expectStatus(await client.patch("/v2/entities/A/attrs", { n: number(1) }, { "Fiware-Correlator": "loop" }), 204);
    expectStatus(await client.post("/v2/op/notify", body(2), { "Fiware-Correlator": "loop; cbnotif=1" }), 200);
    expectStatus(await client.post("/v2/op/notify", body(3), { "Fiware-Correlator": "other; cbnotif=1" }), 200);
    await target.waitFor(2);
    expect(target.received.map((each) => dataOf(each)[0]?.["n"])).toEqual([1, 3]);
  });
});

row("headers of a notification", () => {
  test("tell tenant, path, form and origin", async () => {
    const client = newClient("/a/b");
    const target = await receiver();
    await subscribe(client, target.url);
    await create(client, { id: "A", type: "T", n: number(1) });
    const [received] = await target.waitFor(1);
    expect([received?.method, received?.path]).toEqual(["POST", "/"]);
    expect(received?.headers).toMatchObject({
      "fiware-service": client.tenant,
      "fiware-servicepath": "/a/b",
      "content-type": "application/json; charset=utf-8",
      "content-length": String(Buffer.byteLength(received?.text ?? "")),
      accept: "application/json",
      "ngsiv2-attrsformat": "normalized",
      "user-agent": expect.stringMatching(/^machi\/\d+\.\d+\.\d+/) as string,
      "fiware-correlator": expect.stringMatching(/^[0-9a-f-]{36}; cbnotif=1$/) as string,
    });
  });
});

row("timesSent, lastNotification, lastSuccess(Code), lastFailure(Reason), failsCounter, maxFailsLimit", () => {
  type Deliveries = Record<string, unknown>;
  const deliveries = async (client: Client, id: string): Promise<Deliveries & { status: string }> => {
    const shown = expectStatus(await client.get(`/v2/subscriptions/${id}`), 200).json as { status: string; notification: Deliveries };
    return { ...shown.notification, status: shown.status };
  };
  const wholeSecond: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);

  test("nothing is told before the first notification, and failsCounter not while it is 0", async () => {
    const client = newClient();
    const target = await receiver();
    const id = await subscribe(client, target.url);
    const names = ["timesSent", "lastNotification", "lastSuccess", "lastSuccessCode", "lastFailure", "lastFailureReason", "failsCounter"];
    expect(Object.keys(await deliveries(client, id)).filter((name) => names.includes(name))).toEqual([]);
    await create(client, { id: "A", type: "T", n: number(1) });
    const told = await until(() => deliveries(client, id), (shown) => shown["lastSuccess"] !== undefined);
    expect(told).toMatchObject({ timesSent: 1, lastNotification: wholeSecond, lastSuccess: wholeSecond, lastSuccessCode: 200 });
    expect(told).not.toHaveProperty("failsCounter");
  });

  test("an answer of any status is a success that says so", async () => {
    const client = newClient();
    const target = await receiver();
    target.status = 404;
    const id = await subscribe(client, target.url);
    await create(client, { id: "A", type: "T", n: number(1) });
    expect(await until(() => deliveries(client, id), (shown) => shown["lastSuccessCode"] !== undefined)).toMatchObject({ lastSuccessCode: 404 });
  });

  test("failures are counted with their reason, and more than the limit make the subscription inactive", async () => {
    const client = newClient();
    const target = await receiver();
    const url = target.url;
    await target.close();
    const id = await subscribe(client, url, { notification: { maxFailsLimit: 1 } });
    await create(client, { id: "A", type: "T", n: number(1) });
    const one = await until(() => deliveries(client, id), (shown) => shown["failsCounter"] !== undefined);
    expect(one).toMatchObject({ status: "active", timesSent: 1, failsCounter: 1, lastFailure: wholeSecond });
    expect(one["lastFailureReason"]).toBe("Could not connect to server");
    await create(client, { id: "B", type: "T", n: number(1) });
    const two = await until(() => deliveries(client, id), (shown) => shown.status === "inactive" && shown["failsCounter"] !== 1, 30_000);
    expect(two).toMatchObject({ timesSent: 2, failsCounter: 2 });
  });

  test("maxFailsLimit is a number above 0", async () => {
    const body = (maxFailsLimit: unknown): object => ({ subject: { entities: [{ id: "A" }] }, notification: { http: { url: "http://127.0.0.1:1" }, maxFailsLimit } });
    badRequest(await newClient().post("/v2/subscriptions", body(0)), "maxFailsLimit must be greater than zero");
    badRequest(await newClient().post("/v2/subscriptions", body("1")), "maxFailsLimit is not an int");
  });
});

row("oneshot", () => {
  test("fires once, is inactive then, and can be armed again", async () => {
    const client = newClient();
    const target = await receiver();
    const id = await subscribe(client, target.url, { notification: { attrsFormat: "keyValues" }, more: { status: "oneshot" } });
    const status = async (): Promise<string> => ((await client.get(`/v2/subscriptions/${id}`)).json as { status: string }).status;
    expect(await status()).toBe("oneshot");
    await create(client, { id: "A", type: "T", n: number(1) });
    await patch(client, "A", { n: number(2) });
    await until(status, (shown) => shown === "inactive");
    expectStatus(await client.patch(`/v2/subscriptions/${id}`, { status: "oneshot" }), 204);
    await patch(client, "A", { n: number(3) });
    await target.waitFor(2);
    expect(bodies(target).map((body) => (body as { data: { n: number }[] }).data[0]?.n)).toEqual([1, 3]);
    await until(status, (shown) => shown === "inactive");
  });
});

row("throttling", () => {
  test("what happens within the window is not told, then or later", async () => {
    const client = newClient();
    const target = await receiver();
    await subscribe(client, target.url, { notification: { attrsFormat: "keyValues" }, more: { throttling: 1 } });
    await create(client, { id: "A", type: "T", n: number(0) });
    const start = Date.now();
    let n = 0;
    while (target.received.length < 2 && Date.now() < start + 10_000) {
      n += 1;
      await patch(client, "A", { n: number(n) });
    }
    await target.waitFor(2);
    const [one, two] = target.received;
    expect(n).toBeGreaterThan(3);
    expect((two?.at ?? 0) - (one?.at ?? 0)).toBeGreaterThanOrEqual(900);
    expect([dataOf(one)[0]?.["n"], (dataOf(two)[0]?.["n"] as number) > 1]).toEqual([0, true]);
  });
});

row("expires, status", () => {
  const status = async (client: Client, id: string): Promise<string> => ((await client.get(`/v2/subscriptions/${id}`)).json as { status: string }).status;

  test("one that is inactive or expired does not fire, and expired wins", async () => {
    const client = newClient();
    const target = await receiver();
    const inactive = await subscribe(client, target.url, { more: { status: "inactive" } });
    const expired = await subscribe(client, target.url, { more: { expires: "2020-01-01T00:00:00Z", status: "active" } });
    const live = await subscribe(client, target.url, { more: { expires: "2100-01-01T00:00:00Z" } });
    expect([await status(client, inactive), await status(client, expired), await status(client, live)]).toEqual(["inactive", "expired", "active"]);
    await create(client, { id: "A", type: "T", n: number(1) });
    expectStatus(await client.patch(`/v2/subscriptions/${inactive}`, { status: "active" }), 204);
    expectStatus(await client.patch(`/v2/subscriptions/${expired}`, { expires: "" }), 204);
    expect([await status(client, inactive), await status(client, expired)]).toEqual(["active", "active"]);
    await patch(client, "A", { n: number(2) });
    await target.waitFor(4);
    const told = target.received.map((each) => (each.json as { subscriptionId: string }).subscriptionId);
    expect(told.sort()).toEqual([inactive, expired, live, live].sort());
  });
});

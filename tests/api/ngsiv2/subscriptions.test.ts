/** Making, reading, changing and removing subscriptions; where they are. */
import { expect, inject, test } from "vitest";
import { Client } from "../../support/client.ts";
import { at, badRequest, create, expectError, expectStatus, newClient, notifiedIds, number, receiver, row, subscribe } from "./broker.ts";

const nobody = "http://127.0.0.1:1";
const simple = { subject: { entities: [{ id: "A", type: "T" }] }, notification: { http: { url: nobody } } };
const notFound = "The requested subscription has not been found. Check id";

row("Subscriptions CRUD", () => {
  test("a subscription is shown with its defaults", async () => {
    const client = newClient();
    const created = expectStatus(await client.post("/v2/subscriptions", { ...simple, description: "d", throttling: 5, expires: "2100-01-01" }), 201);
    const location = created.headers.get("Location") ?? "";
    expect(location).toMatch(/^\/v2\/subscriptions\/[0-9a-f]{24}$/);
    expect(expectStatus(await client.get(location), 200).json).toEqual({
      id: location.split("/").pop(),
      description: "d",
      expires: "2100-01-01T00:00:00.000Z",
      status: "active",
      subject: { entities: [{ id: "A", type: "T" }], condition: { attrs: [], notifyOnMetadataChange: true } },
      notification: { attrs: [], onlyChangedAttrs: false, attrsFormat: "normalized", http: { url: nobody }, covered: false },
      throttling: 5,
    });
  });

  test("ids grow with time, and the list is in their order", async () => {
    const client = newClient();
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.push(await subscribe(client, nobody));
    expect(ids).toEqual([...ids].sort());
    const listed = await client.get("/v2/subscriptions?options=count&limit=2&offset=3");
    expect(listed.headers.get("Fiware-Total-Count")).toBe("5");
    expect((listed.json as { id: string }[]).map((each) => each.id)).toEqual(ids.slice(3));
  });

  test("PATCH replaces the top-level fields that it names", async () => {
    const client = newClient();
    const created = await client.post("/v2/subscriptions", { ...simple, description: "d", throttling: 5 });
    const path = created.headers.get("Location") ?? "";
    const subject = { entities: [{ idPattern: "^B" }], condition: { attrs: ["a"] } };
    expectStatus(await client.patch(path, { subject, expires: "2100-01-01" }), 204);
    const shown = (await client.get(path)).json as Record<string, unknown>;
    expect(shown["subject"]).toEqual({ entities: [{ idPattern: "^B" }], condition: { attrs: ["a"], notifyOnMetadataChange: true } });
    expect([shown["description"], shown["throttling"], shown["expires"]]).toEqual(["d", 5, "2100-01-01T00:00:00.000Z"]);
  });

  test("one that is removed, or was never there, is not found", async () => {
    const client = newClient();
    const path = `/v2/subscriptions/${await subscribe(client, nobody)}`;
    expectStatus(await client.delete(path), 204);
    for (const answer of [await client.get(path), await client.delete(path), await client.patch(path, { description: "x" })]) {
      expectError(answer, 404, "NotFound", notFound);
    }
    badRequest(await client.get("/v2/subscriptions/abc"), "Invalid subscription ID: bad length - 24 chars expected");
  });

  test("a body at fault is refused with the first fault", async () => {
    const client = newClient();
    const { subject, notification } = simple;
    const refused: [object, string][] = [
      [{ notification }, "no subject for subscription specified"],
      [{ subject }, "no notification for subscription specified"],
      [{ subject: {}, notification }, "no subject entities specified"],
      [{ subject: { entities: [] }, notification }, "subject entities is empty"],
      [{ subject: { entities: [{ id: "A", idPattern: "B" }] }, notification }, "/entities/ vector item has both /id/ and /idPattern/"],
      [{ subject: { ...subject, condition: {} }, notification }, "condition is empty"],
      [{ subject, notification: { attrs: ["a"] } }, "http, httpCustom, mqtt, mqttCustom, kafka or kafkaCustom is missing"],
      [{ subject, notification: { http: { url: "nowhere" } } }, "Invalid URL parsing notification url"],
      [{ subject, notification: { ...notification, attrs: ["a"], exceptAttrs: ["b"] } }, "http notification has attrs and exceptAttrs"],
      [{ ...simple, throttling: "5" }, "throttling is not an int"],
      [{ ...simple, expires: "soon" }, "expires has an invalid format"],
      [{ ...simple, status: "asleep" }, "status is not valid: it has to be either active, inactive or oneshot"],
    ];
    for (const [body, sentence] of refused) badRequest(await client.post("/v2/subscriptions", body), sentence);
    expect((await client.get("/v2/subscriptions")).json).toEqual([]);
  });
});

row("initial notification", () => {
  test("there is none, and skipInitialNotification is taken", async () => {
    const client = newClient();
    const target = await receiver();
    await create(client, { id: "Before", type: "T", n: number(1) });
    expectStatus(
      await client.post("/v2/subscriptions?options=skipInitialNotification", { subject: { entities: [{ idPattern: ".*" }] }, notification: { http: { url: target.url } } }),
      201,
    );
    await subscribe(client, target.url);
    await create(client, { id: "After", type: "T", n: number(1) });
    await target.waitFor(2);
    expect(notifiedIds(target)).toEqual(["After", "After"]);
  });
});

row("paths in subs/regs", () => {
  test("a subscription is at one path and sees what is there, with # what is below", async () => {
    const client = newClient();
    const [exact, below] = [await receiver(), await receiver()];
    await subscribe(at(client, "/a"), exact.url);
    await subscribe(at(client, "/a/#"), below.url);
    for (const [path, id] of [["/", "Root"], ["/b", "B"], ["/a/c", "Below"], ["/a", "Here"]]) await create(at(client, path ?? ""), { id, type: "T", n: number(1) });
    await below.until(() => notifiedIds(below).includes("Here") && notifiedIds(below).includes("Below"));
    await exact.waitFor(1);
    expect(notifiedIds(exact)).toEqual(["Here"]);
    expect(notifiedIds(below).sort()).toEqual(["Below", "Here"]);
    badRequest(await at(client, "/a,/b").post("/v2/subscriptions", simple), "max one service-path allowed for subscriptions");
  });

  test("a list is of exactly one path, and by id none of another path is shown", async () => {
    const client = newClient();
    const a = await subscribe(at(client, "/a"), nobody);
    const b = await subscribe(at(client, "/a/b"), nobody);
    const listed = async (path: string): Promise<string[]> => ((await at(client, path).get("/v2/subscriptions")).json as { id: string }[]).map((each) => each.id);
    expect([await listed("/a"), await listed("/a/b"), await listed("/c"), await listed("/#")]).toEqual([[a], [b], [], [a, b]]);
    expectError(await at(client, "/c").get(`/v2/subscriptions/${a}`), 404, "NotFound", notFound);
    for (const path of ["/a", "/#"]) expectStatus(await at(client, path).get(`/v2/subscriptions/${a}`), 200);
    expectStatus(await client.get(`/v2/subscriptions/${a}`), 200);
    expectStatus(await at(client, "/c").patch(`/v2/subscriptions/${a}`, { description: "moved" }), 204);
    expect([await listed("/a"), await listed("/c")]).toEqual([[], [a]]);
  });

  test("registrations take no #, and a provider is asked for its own path", async () => {
    const client = newClient();
    const registration = { dataProvided: { entities: [{ id: "A", type: "T" }], attrs: [] }, provider: { http: { url: nobody } } };
    expect((await at(client, "/a/#").post("/v2/registrations", registration)).status).toBe(400);
    expectStatus(await at(client, "/a").post("/v2/registrations", registration), 201);
    const counts = async (path: string): Promise<number> => ((await at(client, path).get("/v2/registrations")).json as []).length;
    expect([await counts("/a"), await counts("/b")]).toEqual([1, 0]);
  });
});

row("subscription cache", () => {
  test("a subscription made on one node fires for the next write on another", async () => {
    const client = newClient();
    const other = new Client(inject("strictUrl"), client.tenant);
    const target = await receiver();
    const id = await subscribe(client, target.url);
    await create(other, { id: "A", type: "T", n: number(1) });
    await target.waitFor(1);
    expectStatus(await other.delete(`/v2/subscriptions/${id}`), 204);
    await create(client, { id: "B", type: "T", n: number(1) });
    await subscribe(other, target.url);
    await create(client, { id: "C", type: "T", n: number(1) });
    await target.waitFor(2);
    expect(notifiedIds(target)).toEqual(["A", "C"]);
  });
});

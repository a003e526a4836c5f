/** Tenants, and places within them. */
import { expect, test } from "vitest";
import { Client } from "../../support/client.ts";
import { at, badRequest, create, createAll, expectError, expectStatus, idsOf, newClient, number, row } from "./broker.ts";

row("Fiware-Service", () => {
  test("keeps tenants apart, always", async () => {
    const [one, two] = [newClient(), newClient()];
    await create(one, { id: "A", type: "T", n: number(1) });
    await create(two, { id: "A", type: "T", n: number(2) });
    for (const [client, n] of [[one, 1], [two, 2]] as const) {
      expect((await client.get("/v2/entities?options=keyValues")).json).toEqual([{ id: "A", type: "T", n }]);
    }
    expectStatus(await one.delete("/v2/entities/A"), 204);
    expect(await idsOf(two, "")).toEqual(["A"]);
  });

  test("capitals do not count; letters, digits and _ up to 50", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "T" });
    expect(await idsOf(new Client(client.url, client.tenant?.toUpperCase()), "")).toEqual(["A"]);
    for (const name of ["a-b", "a.b", "a b"]) {
      badRequest(await client.get("/v2/entities", { "Fiware-Service": name }), "bad character in tenant name - only underscore and alphanumeric characters are allowed");
    }
    badRequest(await client.get("/v2/entities", { "Fiware-Service": "a".repeat(51) }), "bad length - a tenant name can be max 50 characters long");
    expectStatus(await client.get("/v2/entities", { "Fiware-Service": "a".repeat(50) }), 200);
  });

  test("a tenant is there for every connection as soon as its first write is answered", async () => {
    for (let n = 0; n < 10; n += 1) {
      const client = newClient();
      await create(client, { id: "A", type: "T" });
      const answers = await Promise.all(Array.from({ length: 8 }, () => client.get("/v2/entities/A")));
      expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 200));
    }
  });
});

row("Fiware-ServicePath", () => {
  test("a write is at one path, / without any; a read sees everything without any", async () => {
    const client = newClient();
    await create(client, { id: "Root", type: "T" });
    await create(at(client, "/a"), { id: "A", type: "T" });
    await create(at(client, "/a/b"), { id: "B", type: "T" });
    await create(at(client, "/c"), { id: "C", type: "T" });
    const seen = (path: string): Promise<string[]> => idsOf(at(client, path), "");
    expect(await idsOf(client, "")).toEqual(["Root", "A", "B", "C"]);
    expect([await seen("/"), await seen("/a"), await seen("/a/#"), await seen("/#")]).toEqual([["Root"], ["A"], ["A", "B"], ["Root", "A", "B", "C"]]);
    expect(await seen("/a,/c")).toEqual(["A", "C"]);
    expect(await seen("/x")).toEqual([]);
  });

  test("the same id and type may be in several paths", async () => {
    const client = newClient();
    await create(at(client, "/a"), { id: "A", type: "T", n: number(1) });
    await create(at(client, "/b"), { id: "A", type: "T", n: number(2) });
    expectError(await client.get("/v2/entities/A"), 409, "TooManyResults", "More than one matching entity. Please refine your query");
    expect((await at(client, "/b").get("/v2/entities/A?options=keyValues")).json).toEqual({ id: "A", type: "T", n: 2 });
    expectStatus(await at(client, "/b").patch("/v2/entities/A/attrs", { n: number(3) }), 204);
    expectStatus(await at(client, "/a").delete("/v2/entities/A"), 204);
    expect((await client.get("/v2/entities/A?options=keyValues")).json).toEqual({ id: "A", type: "T", n: 3 });
  });

  test("ten levels of 50 letters, digits and _; ten paths for a read, one for a write, # for reads only", async () => {
    const client = newClient();
    const levels = (count: number): string => "/x".repeat(count);
    expectStatus(await at(client, levels(10)).post("/v2/entities", { id: "A" }), 201);
    expectStatus(await at(client, `/${"x".repeat(50)}`).post("/v2/entities", { id: "A" }), 201);
    const refused: [string, string][] = [
      [levels(11), "too many components in ServicePath"],
      [`/${"x".repeat(51)}`, "component-name too long in ServicePath"],
      ["x", "Only /absolute/ Service Paths allowed [a service path must begin with /]"],
      ["/a-b", "a component of ServicePath contains an illegal character"],
      ["/a//b", "empty component in ServicePath"],
    ];
    for (const [path, sentence] of refused) badRequest(await at(client, path).get("/v2/entities"), sentence);
    expectStatus(await at(client, Array.from({ length: 10 }, (_, n) => `/p${n}`).join(",")).get("/v2/entities"), 200);
    const eleven = Array.from({ length: 11 }, (_, n) => `/p${n}`).join(",");
    badRequest(await at(client, eleven).get("/v2/entities"), "too many service paths - a maximum of ten service paths is allowed");
    await createAll(client, [{ id: "W", type: "T", n: number(1) }]);
    badRequest(await at(client, "/a,/b").patch("/v2/entities/W/attrs", { n: number(2) }), "more than one servicepath in patch update request is not allowed");
    badRequest(await at(client, "/a,/b").delete("/v2/entities/W"), "more than one servicepath is not allowed in DELETE operation");
    badRequest(await at(client, "/a/#").delete("/v2/entities/W"), "servicepath with wildcard # is not allowed in DELETE operation");
    badRequest(await at(client, "/a,/b").post("/v2/entities", { id: "A" }), "more than one service path in context update request");
  });
});

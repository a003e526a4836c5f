/** What operators ask for at the port of the APIs, as Orion's clients know it. */
import { expect, inject, test } from "vitest";
import { Client, newTenant } from "../../support/client.ts";
import { until } from "../../support/until.ts";
import { at, badRequest, create, entityNotFound, expectStatus, newClient, number, receiver, row, subscribe } from "./broker.ts";

type Counters = Record<string, number>;
type ByPath = Record<string, Counters>;
interface Metrics {
  services: Record<string, { subservs: ByPath; sum: Counters }>;
  sum: { subservs: ByPath; sum: Counters };
}

row("Admin: /admin/log, /log/trace, /admin/sem, /admin/metrics, /statistics, /cache/statistics", () => {
  test("the log level is read and changed; nothing but a level is taken", async () => {
    const client = new Client(inject("strictUrl"), newTenant());
    const level = async (): Promise<unknown> => expectStatus(await client.get("/admin/log"), 200).json;
    const put = (query: string): ReturnType<Client["request"]> => client.request("PUT", `/admin/log${query}`, { body: {} });
    expect(await level()).toEqual({ level: "INFO" });
    expectStatus(await put("?level=ERROR"), 200);
    expect(await level()).toEqual({ level: "ERROR" });
    badRequest(await put("?level=LOUD"), "invalid log level");
    badRequest(await put("?level="), "Empty right-hand-side for URI param /level/");
    badRequest(await put(""), "log level missing");
    expectStatus(await put("?level=info"), 200);
    expect(await level()).toEqual({ level: "INFO" });
  });

  test("what Orion tells of its own insides is not here", async () => {
    for (const path of ["/log/trace", "/admin/sem", "/cache/statistics"]) {
      badRequest(await newClient().get(path), "Service not found. Check your URL as probably it is wrong.");
    }
  });
});

row("metrics", () => {
  const metrics = async (client: Client, query = ""): Promise<Metrics> => expectStatus(await client.get(`/admin/metrics${query}`), 200).json as Metrics;

  test("requests and notifications are counted by service and service path", async () => {
    const client = newClient();
    const target = await receiver();
    await subscribe(client, target.url);
    await create(at(client, "/a/b"), { id: "A", type: "T", n: number(1) });
    entityNotFound(await at(client, "/a/b").get("/v2/entities/X"));
    await target.waitFor(1);
    const service = client.tenant ?? "";
    const counted = await metrics(client);
    const { subservs, sum } = counted.services[service] ?? { subservs: {}, sum: {} };
    expect(Object.keys(subservs).sort()).toEqual(["a/b", "root-subserv"]);
    expect(subservs["a/b"]).toMatchObject({ incomingTransactions: 2, incomingTransactionErrors: 1 });
    expect(sum["incomingTransactionRequestSize"]).toBeGreaterThan(100);
    expect(sum["serviceTime"]).toBeGreaterThan(0);
    expect(counted.sum.sum["incomingTransactions"]).toBeGreaterThanOrEqual(sum["incomingTransactions"] ?? Infinity);
    // A node counts what it does itself, and the other one may have notified.
    const outgoing = async (): Promise<(number | undefined)[]> => {
      const nodes = await Promise.all([client, new Client(inject("strictUrl"))].map((node) => metrics(node)));
      return nodes.map((node) => node.services[service]?.subservs["a/b"]?.["outgoingTransactions"]);
    };
    await until(outgoing, (counts) => counts.filter((count) => count === 1).length === 1);
  });

  test("the default service has a name, and what is reset is forgotten", async () => {
    const machi = new Client(inject("strictUrl"));
    expectStatus(await machi.get("/v2/entities"), 200);
    const service = newTenant();
    const other = new Client(machi.url, service);
    expectStatus(await other.get("/v2/entities"), 200);
    const before = await metrics(machi, "?reset=true");
    expect(Object.keys(before.services)).toEqual(expect.arrayContaining(["default-service", service]));
    expect((await metrics(machi)).services).not.toHaveProperty(service);
    expectStatus(await other.get("/v2/entities"), 200);
    expectStatus(await machi.delete("/admin/metrics"), 204);
    expect((await metrics(machi)).services).not.toHaveProperty(service);
  });
});

row("statistics", () => {
  test("tell times, and counters only where they are asked for", async () => {
    const client = newClient();
    const shown = expectStatus(await client.get("/statistics"), 200).json as Record<string, unknown>;
    expect(Object.keys(shown)).toEqual(["measuring_interval_in_secs", "uptime_in_secs"]);
    const counting = new Client(inject("strictUrl"), newTenant());
    expect(expectStatus(await counting.delete("/statistics"), 200).json).toEqual({ message: "All statistics counter reset" });
    const service = { id: "A", type: "T" };
    expectStatus(await counting.post("/v2/entities", service), 201);
    expectStatus(await counting.get("/v2/entities/A"), 200);
    const { counters } = (await counting.get("/statistics")).json as { counters: { requests: Record<string, Record<string, number>> } };
    expect(counters.requests["/v2/entities"]?.["POST"]).toBeGreaterThanOrEqual(1);
    expect(counters.requests["/v2/entities/{id}[/attrs]"]?.["GET"]).toBeGreaterThanOrEqual(1);
    expect(counters.requests["/statistics"]?.["GET"]).toBeGreaterThanOrEqual(1);
  });
});

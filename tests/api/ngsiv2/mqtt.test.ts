/** Notifications published to a broker of messages. */
import { expect, test } from "vitest";
import type { Client } from "../../support/client.ts";
import { until } from "../../support/until.ts";
import { badRequest, create, expectStatus, newClient, number, row, text } from "./broker.ts";
import { MqttSubscriber, startMosquitto } from "./mosquitto.ts";

async function subscribe(client: Client, notification: object): Promise<string> {
  const answer = await client.post("/v2/subscriptions", { subject: { entities: [{ idPattern: ".*" }] }, notification });
  return expectStatus(answer, 201).headers.get("Location") ?? "";
}
const shown = async (client: Client, path: string): Promise<Record<string, unknown>> =>
  ((await client.get(path)).json as { notification: Record<string, unknown> }).notification;

row("mqtt / mqttCustom", () => {
  test("a change is published with topic, quality of service and retain", async () => {
    const client = newClient();
    const port = await startMosquitto();
    const watcher = await MqttSubscriber.start(port);
    const url = `mqtt://127.0.0.1:${port}`;
    const path = await subscribe(client, { mqtt: { url, topic: "town/plain", qos: 1 }, attrsFormat: "keyValues" });
    await subscribe(client, { mqttCustom: { url, topic: "town/${type}/${id}", qos: 2, retain: true, payload: "%22${n}%22" } });
    await create(client, { id: "A", type: "T", n: number(5), s: text("x") });
    await watcher.waitFor(2);
    const [custom, plain] = [...watcher.published].sort((a, b) => b.qos - a.qos);
    expect([plain?.topic, plain?.qos]).toEqual(["town/plain", 1]);
    expect(JSON.parse(plain?.payload ?? "")).toEqual({ subscriptionId: path.split("/").pop(), data: [{ id: "A", type: "T", n: 5, s: "x" }] });
    expect([custom?.topic, custom?.qos, custom?.payload]).toEqual(["town/T/A", 2, '"5"']);
    const later = await MqttSubscriber.start(port);
    expect((await later.waitFor(1)).map((each) => [each.topic, each.retained])).toEqual([["town/T/A", true]]);
  });

  test("a password is used and never shown", async () => {
    const client = newClient();
    const user = { name: "town", password: "secret" };
    const port = await startMosquitto(user);
    const watcher = await MqttSubscriber.start(port, user);
    const mqtt = { url: `mqtt://127.0.0.1:${port}`, topic: "x", user: user.name, passwd: user.password };
    const path = await subscribe(client, { mqtt });
    expect((await shown(client, path))["mqtt"]).toEqual({ ...mqtt, qos: 0, retain: false, passwd: "*****" });
    await create(client, { id: "A", type: "T", n: number(1) });
    await watcher.waitFor(1);
    const told = await until(() => shown(client, path), (each) => each["lastSuccess"] !== undefined);
    expect(told).toMatchObject({ timesSent: 1 });
    expect(told).not.toHaveProperty("lastSuccessCode");
  });

  test("a broker that is not there is a failure with its reason", async () => {
    const client = newClient();
    const path = await subscribe(client, { mqtt: { url: "mqtt://127.0.0.1:1", topic: "x" } });
    await create(client, { id: "A", type: "T", n: number(1) });
    const told = await until(() => shown(client, path), (each) => each["failsCounter"] !== undefined);
    expect(told["lastFailureReason"]).toMatch(/\w+/);
  });

  test("a subscription at fault is refused", async () => {
    const client = newClient();
    const good = { url: "mqtt://127.0.0.1:1883", topic: "x" };
    const refused: [object, string][] = [
      [{ url: good.url }, "topic mqtt notification is missing"],
      [{ ...good, topic: "a/#" }, "+ and # are not allowed in mqtt field /topic/"],
      [{ ...good, topic: "" }, "empty mqtt field /topic/"],
      [{ ...good, qos: 3 }, "mqtt qos field must be an integer in the 0 to 2 range"],
      [{ ...good, retain: 1 }, "retain is not a bool"],
      [{ ...good, user: "x" }, "you must use user and passwd fields simultaneously"],
      [{ ...good, url: "http://127.0.0.1:1883" }, "http or https URL cannot be used in mqtt notifications"],
      [{ ...good, url: "mqtt://127.0.0.1:1883/path" }, "path cannot be used in mqtt url, use topic instead"],
    ];
    for (const [mqtt, sentence] of refused) {
      badRequest(await client.post("/v2/subscriptions", { subject: { entities: [{ id: "A" }] }, notification: { mqtt } }), sentence);
    }
  });
});

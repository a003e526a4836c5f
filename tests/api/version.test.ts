import { expect, inject, test } from "vitest";
import { Client } from "../support/client.ts";

const client = new Client(inject("machiUrl"));

test("GET /version names product, version and uptime", async () => {
  const answer = await client.get("/version");
  expect(answer.status).toBe(200);
  expect(answer.headers.get("Content-Type")).toBe("application/json");
  const [product] = Object.values(answer.json as Record<string, Record<string, string>>);
  expect(product?.["version"]).toMatch(/^\d+\.\d+\.\d+/);
  expect(product?.["uptime"]).toMatch(/^\d+ d, \d+ h, \d+ m, \d+ s$/);
});

test("an answer carries the correlator of its request", async () => {
  const answer = await client.get("/version", { "Fiware-Correlator": "a-b-c" });
  expect(answer.headers.get("Fiware-Correlator")).toBe("a-b-c");
});

test("a request without correlator gets a new one each time", async () => {
  const first = await client.get("/version");
  const second = await client.get("/version");
  expect(first.headers.get("Fiware-Correlator")).toMatch(/^[0-9a-f-]{36}$/);
  expect(first.headers.get("Fiware-Correlator")).not.toBe(second.headers.get("Fiware-Correlator"));
});

test("an unknown path answers 400 as Orion does, a known path with another method 405", async () => {
  expect((await client.get("/no/such/path")).status).toBe(400);
  const answer = await client.post("/version", {});
  expect(answer.status).toBe(405);
  expect(answer.headers.get("Allow")).toContain("GET");
});

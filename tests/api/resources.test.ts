/** What staff manage, over HTTP and as a file, and the record of who changed it. */
import { execFile } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Answer, Client, newTenant } from "../support/client.ts";
import { Machi, program, temporaryFolder } from "../support/machi.ts";
import { until } from "../support/until.ts";

const run = promisify(execFile);

interface Item {
  id: string;
  revision: number;
  state?: string;
  [field: string]: unknown;
}
interface Page {
  total: number;
  items: Item[];
}
interface AuditItem {
  id: number;
  operation: string;
  resource: string;
  principal: string;
  correlator: string;
  tenant?: string;
  detail: { before?: Record<string, unknown>; after?: Record<string, unknown> };
}
interface AuditPage {
  items: AuditItem[];
  next_before?: number;
}

let data: string;
let machi: Machi;
let client: Client;

beforeAll(async () => {
  data = temporaryFolder();
  machi = await Machi.start({ data });
  client = new Client(machi.url);
});
afterAll(async () => {
  await machi.stop();
  rmSync(data, { recursive: true });
});

function faults(answer: Answer): string[] {
  return (answer.json as { errors: { field: string; code: string }[] }).errors.map((each) => `${each.field}:${each.code}`);
}

async function makeTenant(): Promise<Client> {
  const name = newTenant();
  expect((await client.post("/resources/tenants", { name })).status).toBe(201);
  return new Client(machi.url, name);
}

test("a resource is made, read, changed and removed", async () => {
  const tenant = await makeTenant();
  const made = await tenant.post("/resources/history-retentions", { type: "Room", keep_seconds: 86400 });
  expect(made.status).toBe(201);
  expect(made.headers.get("Location")).toBe("/resources/history-retentions/Room");
  expect(made.json).toMatchObject({ id: "Room", type: "Room", keep_seconds: 86400, revision: 1, modified_by: "anonymous" });
  const path = "/resources/history-retentions/Room";
  const read = await tenant.get(path);
  expect(read.json).toEqual(made.json);
  expect(read.headers.get("ETag")).toBe(made.headers.get("ETag"));
  expect((await tenant.patch(path, { keep_seconds: 60 })).json).toMatchObject({ keep_seconds: 60, revision: 2 });
  expect((await tenant.put(path, { keep_seconds: 120 })).json).toMatchObject({ keep_seconds: 120, revision: 3 });
  expect(((await tenant.get("/resources/history-retentions")).json as Page).total).toBe(1);
  expect((await tenant.delete(path)).status).toBe(204);
  expect((await tenant.get(path)).status).toBe(404);
  expect((await tenant.delete(path)).status).toBe(404);
});

test("PUT makes what is not there, an id of several fields stands in its path", async () => {
  const tenant = await makeTenant();
  const path = `/resources/indexed-attributes/${encodeURIComponent("https://example.org/Room,a%2Cb")}`;
  const made = await tenant.put(path, {});
  expect(made.status).toBe(201);
  expect(made.json).toMatchObject({ type: "https://example.org/Room", attribute: "a,b", value_kind: "any" });
  expect((await tenant.get(made.headers.get("Location") ?? "")).json).toMatchObject({ attribute: "a,b" });
  expect((await tenant.delete(path)).status).toBe(204);
});

test("every fault of a body is told at once, as problem details", async () => {
  const tenant = await makeTenant();
  const answer = await tenant.post("/resources/indexed-attributes", { attribute: "dateCreated", value_kind: "colour", size: 1 });
  expect(answer.status).toBe(400);
  expect(answer.headers.get("Content-Type")).toBe("application/problem+json");
  expect(faults(answer)).toEqual(["size:unknown", "type:required", "attribute:reserved", "value_kind:not_listed"]);
  expect((await tenant.post("/resources/indexed-attributes", "{")).status).toBe(400);
  const text = await tenant.request("POST", "/resources/indexed-attributes", { body: "{}", headers: { "Content-Type": "text/plain" } });
  expect(text.status).toBe(415);
});

test("If-Match refuses a lost update, If-None-Match a second creation", async () => {
  const tenant = await makeTenant();
  const path = "/resources/history-retentions/Room";
  const made = await tenant.request("PUT", path, { body: { keep_seconds: 1 }, headers: { "If-None-Match": "*" } });
  const etag = made.headers.get("ETag") ?? "";
  expect((await tenant.patch(path, { keep_seconds: 2 }, { "If-Match": etag })).status).toBe(200);
  const late = await tenant.patch(path, { keep_seconds: 3 }, { "If-Match": etag });
  expect(late.status).toBe(412);
  expect(late.json).toMatchObject({ status: 412, field: "If-Match" });
  expect((await tenant.request("PUT", path, { body: { keep_seconds: 1 }, headers: { "If-None-Match": "*" } })).status).toBe(412);
  expect((await tenant.get(path)).json).toMatchObject({ keep_seconds: 2 });
});

test("a dry run checks everything and writes nothing", async () => {
  const tenant = await makeTenant();
  const would = await tenant.post("/resources/history-retentions?dry_run=true", { type: "Room", keep_seconds: 1 });
  expect(would.status).toBe(200);
  expect(would.json).toEqual({ id: "Room", type: "Room", keep_seconds: 1 });
  expect((await tenant.post("/resources/history-retentions?dry_run=true", { type: "Room", keep_seconds: -1 })).status).toBe(400);
  expect(((await tenant.get("/resources/history-retentions")).json as Page).total).toBe(0);
});

test("lists come in pages, unknown parameters are refused", async () => {
  const tenant = await makeTenant();
  for (const type of ["c", "a", "b"]) await tenant.post("/resources/history-retentions", { type, keep_seconds: 1 });
  const page = (await tenant.get("/resources/history-retentions?limit=2&offset=1")).json as Page;
  expect(page.total).toBe(3);
  expect(page.items.map((each) => each.id)).toEqual(["b", "c"]);
  expect((await tenant.get("/resources/history-retentions?colour=1")).status).toBe(400);
  expect((await tenant.get("/resources/history-retentions?limit=0")).status).toBe(400);
});

test("the resources of a tenant are its own; an unknown tenant has none", async () => {
  const tenant = await makeTenant();
  const other = await makeTenant();
  await tenant.post("/resources/history-retentions", { type: "Room", keep_seconds: 1 });
  expect((await other.get("/resources/history-retentions/Room")).status).toBe(404);
  const unknown = await new Client(machi.url, "nowhere").get("/resources/history-retentions");
  expect(unknown.status).toBe(404);
  expect(unknown.json).toMatchObject({ field: "Fiware-Service" });
});

test("a tenant's settings count within a second, and a tenant cannot be removed", async () => {
  const tenant = await makeTenant();
  const path = `/resources/tenants/${tenant.tenant ?? ""}`;
  const post = (id: string, type: string): Promise<Answer> => tenant.post("/v2/entities", { id, type, note: { value: "a<b" } });
  expect((await post("e", "A")).status).toBe(201);
  expect((await post("e", "B")).status).toBe(422);
  expect((await client.patch(path, { unique_entity_ids: false })).status).toBe(200);
  await until(() => post("e", "B"), (answer) => answer.status === 201);
  await client.patch(path, { forbidden_characters: "orion" });
  let number = 0;
  await until(() => post(`f${(number += 1)}`, "A"), (answer) => answer.status === 400);
  expect((await client.delete(path)).status).toBe(405);
  expect((await client.get("/resources/tenants/default-tenant")).status).toBe(200);
  expect(faults(await client.post("/resources/tenants", { name: "Not Good" }))).toEqual(["name:pattern"]);
});

test("a declared attribute is indexed by a job, and its state is shown", async () => {
  const tenant = await makeTenant();
  const path = `/resources/indexed-attributes/${encodeURIComponent("Room,temperature")}`;
  expect((await tenant.put(path, { value_kind: "number" })).json).toMatchObject({ state: "waiting" });
  const shown = await until(() => tenant.get(path), (answer) => (answer.json as Item).state === "ready", 30_000);
  expect(shown.json).toMatchObject({ state: "ready", state_changed: expect.any(String) as string });
  expect((await tenant.delete(path)).status).toBe(204);
});

test("GET /resources tells what is declared, in both languages", async () => {
  const { kinds } = (await client.get("/resources")).json as { kinds: { path: string; label: { ja: string; en: string }; fields: Item[] }[] };
  expect(kinds.map((kind) => kind.path)).toEqual(["tenants", "indexed-attributes", "history-retentions"]);
  const retention = kinds[2];
  expect(retention?.label).toEqual({ ja: "履歴の保存期間", en: "History retention" });
  expect(retention?.fields[1]).toMatchObject({ name: "keep_seconds", type: "integer", required: true, minimum: 0 });
});

test("the audit tells who changed what, before and after, in pages", async () => {
  const tenant = await makeTenant();
  const path = "/resources/history-retentions/Room";
  await tenant.put(path, { keep_seconds: 1 }, { "Fiware-Correlator": "audit-1" });
  await tenant.put(path, { keep_seconds: 2 });
  await tenant.delete(path);
  const query = `/audit?tenant=${tenant.tenant ?? ""}&resource=${encodeURIComponent("history-retentions/Room")}`;
  const all = ((await client.get(query)).json as AuditPage).items;
  expect(all.map((each) => each.operation)).toEqual(["history-retentions.delete", "history-retentions.update", "history-retentions.create"]);
  expect(all[1]?.detail).toEqual({ before: { type: "Room", keep_seconds: 1 }, after: { type: "Room", keep_seconds: 2 } });
  expect(all[2]).toMatchObject({ principal: "anonymous", correlator: "audit-1", tenant: tenant.tenant });
  const first = (await client.get(`${query}&limit=2`)).json as AuditPage;
  expect(first.items).toHaveLength(2);
  const rest = (await client.get(`${query}&limit=2&before=${first.next_before ?? 0}`)).json as AuditPage;
  expect(rest.items.map((each) => each.operation)).toEqual(["history-retentions.create"]);
  expect(rest.next_before).toBeUndefined();
  expect(((await client.get(`${query}&operation=history-retentions.update`)).json as AuditPage).items).toHaveLength(1);
  expect(((await client.get(`${query}&principal=nobody`)).json as AuditPage).items).toHaveLength(0);
  expect(((await client.get(`${query}&to=2020-01-01T00:00:00Z`)).json as AuditPage).items).toHaveLength(0);
  expect((await client.get("/audit?from=yesterday")).status).toBe(400);
});

test("a file carries resources, twice the same changes nothing, faults change nothing", async () => {
  const tenant = newTenant();
  const folder = temporaryFolder();
  const file = join(folder, "resources.json");
  const fields = { type: "Room", keep_seconds: 5 };
  const resources: unknown[] = [
    { kind: "history-retentions", tenant, fields },
    { kind: "tenants", fields: { name: tenant } },
  ];
  writeFileSync(file, JSON.stringify({ format: "machi-resources/1", resources }));
  const command = (...args: string[]): Promise<{ stdout: string }> => run(program, ["resources", ...args, "--data", data]);
  expect((await command("import", file, "--dry-run")).stdout).toContain("history-retentions: 1 to be created, 0 changed, 0 unchanged");
  expect((await client.get(`/resources/tenants/${tenant}`)).status).toBe(404);
  expect((await command("import", file)).stdout).toContain("history-retentions: 1 created, 0 changed, 0 unchanged");
  expect((await command("import", file)).stdout).toContain("history-retentions: 0 created, 0 changed, 1 unchanged");
  expect((await new Client(machi.url, tenant).get("/resources/history-retentions/Room")).json).toMatchObject({ ...fields, modified_by: "operator" });
  const exported = join(folder, "exported.json");
  await command("export", exported);
  expect((JSON.parse(readFileSync(exported, "utf8")) as { resources: unknown[] }).resources).toContainEqual(resources[0]);
  resources.push({ kind: "history-retentions", tenant, fields: { type: "Car", keep_seconds: -1, colour: "red" } });
  resources.push({ kind: "history-retentions", tenant, fields: { type: "Bus", keep_seconds: 1 } });
  writeFileSync(file, JSON.stringify({ format: "machi-resources/1", resources }));
  const refused = await command("import", file).catch((error: unknown) => error as { code: number; stderr: string });
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("3: history-retentions/Car: keep_seconds: must not be less than 0") as string });
  expect((await new Client(machi.url, tenant).get("/resources/history-retentions/Bus")).status).toBe(404);
  rmSync(folder, { recursive: true });
});

async function audited(resource: string): Promise<AuditItem[]> {
  return ((await client.get(`/audit?resource=${encodeURIComponent(resource)}`)).json as AuditPage).items.reverse();
}

test("subscriptions leave audit records without their secrets", async () => {
  const tenant = await makeTenant();
  const notification = { mqttCustom: { url: "mqtt://127.0.0.1:1883", topic: "t", user: "u", passwd: "hidden" } };
  const made = await tenant.post("/v2/subscriptions", { subject: { entities: [{ id: "e" }] }, notification });
  const path = made.headers.get("Location") ?? "";
  expect((await tenant.patch(path, { description: "changed" })).status).toBe(204);
  expect((await tenant.delete(path)).status).toBe(204);
  expect((await tenant.delete(path)).status).toBe(404);
  const records = await audited(path.replace("/v2/", ""));
  expect(records.map((each) => each.operation)).toEqual(["subscriptions.create", "subscriptions.update", "subscriptions.delete"]);
  expect(records.every((each) => each.tenant === tenant.tenant)).toBe(true);
  expect(JSON.stringify(records[1]?.detail.after)).toContain("changed");
  expect(JSON.stringify(records)).not.toContain("hidden");
});

test("registrations leave audit records", async () => {
  const tenant = await makeTenant();
  const provided = { dataProvided: { entities: [{ id: "e", type: "T" }], attrs: ["a"] }, provider: { http: { url: "http://127.0.0.1:9/v2" } } };
  const made = await tenant.post("/v2/registrations", provided);
  const path = made.headers.get("Location") ?? "";
  expect((await tenant.patch(path, { description: "changed" })).status).toBe(204);
  expect((await tenant.delete(path)).status).toBe(204);
  const records = await audited(path.replace("/v2/", ""));
  expect(records.map((each) => each.operation)).toEqual(["registrations.create", "registrations.update", "registrations.delete"]);
  expect(records[2]?.detail.before).toEqual(records[1]?.detail.after);
});

test("a tenant that the first write makes leaves one audit record, with the writer's correlator", async () => {
  const name = newTenant();
  const writer = new Client(machi.url, name);
  const writes = [1, 2, 3, 4].map((n) => writer.post("/v2/entities", { id: `e${n}`, type: "T" }, { "Fiware-Correlator": "first" }));
  for (const answer of await Promise.all(writes)) expect(answer.status).toBe(201);
  const records = await audited(`tenants/${name}`);
  expect(records).toMatchObject([{ operation: "tenants.create", correlator: "first", principal: "anonymous" }]);
  expect((await client.get(`/resources/tenants/${name}`)).json).toMatchObject({ modified_by: "anonymous" });
});

test("a change of the log level leaves an audit record of the operator", async () => {
  const operations = new Client(machi.operationsUrl);
  const { level } = (await operations.get("/admin/log")).json as { level: string };
  expect((await operations.put("/admin/log", { level: "warn" }, { "Fiware-Correlator": "quiet" })).status).toBe(200);
  await operations.put("/admin/log", { level });
  const [quiet] = (await audited("admin/log")).filter((each) => each.correlator === "quiet");
  expect(quiet).toMatchObject({ operation: "log.update", principal: "operator", detail: { before: { level }, after: { level: "warn" } } });
});

test("a tenant is known to every connection as soon as its first write is answered", async () => {
  for (let round = 0; round < 10; round += 1) {
    const tenant = new Client(machi.url, newTenant());
    expect((await tenant.post("/v2/entities", { id: "e", type: "T" })).status).toBe(201);
    const reads = [1, 2, 3, 4].map(() => tenant.get("/v2/entities/e"));
    for (const answer of await Promise.all(reads)) expect(answer.status).toBe(200);
  }
});

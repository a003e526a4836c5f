import { beforeAll, expect, inject, test } from "vitest";
import { Client, newTenant } from "../support/client.ts";
import { expectAccessible, useBrowser, visit } from "./browser.ts";

const url = inject("machiUrl");
const tenant = newTenant();

useBrowser();

beforeAll(async () => {
  const client = new Client(url, tenant);
  for (const id of ["a", "b"]) {
    const answer = await client.post("/v2/entities", { id, type: "Park", name: { type: "Text", value: id } });
    expect(answer.status).toBe(201);
  }
});

test("the page shows that Machi runs, in Japanese first", async () => {
  const { page, errors, foreign } = await visit(`${url}/`);
  await page.getByText("動いています").waitFor();
  expect(await page.title()).toBe("動作状況 | Machi");
  expect(await page.locator("html").getAttribute("lang")).toBe("ja");
  expect(await page.locator(".facts dd").first().textContent()).toMatch(/^\d+\.\d+\.\d+/);
  expect(errors).toEqual([]);
  expect(foreign).toEqual([]);
});

test("the time since the start is told in words of the language", async () => {
  const { page } = await visit(`${url}/`);
  const shown = async (): Promise<string | null> => page.locator(".facts dd").nth(1).textContent();
  await page.route("**/version", (route) => route.fulfill({ json: { machi: { version: "1.0.0", uptime: "3 d, 0 h, 5 m, 6 s" } } }));
  await page.reload();
  await page.getByText("動いています").waitFor();
  expect(await shown()).toBe("3日");
  await page.route("**/version", (route) => route.fulfill({ json: { machi: { version: "1.0.0", uptime: "0 d, 1 h, 25 m, 6 s" } } }));
  await page.reload();
  await page.getByText("動いています").waitFor();
  expect(await shown()).toBe("1時間25分");
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("heading", { level: 1, name: "Status" }).waitFor();
  expect(await shown()).toBe("1 h 25 min");
});

test("the data of a tenant are counted by type", async () => {
  const { page } = await visit(`${url}/`);
  await page.getByLabel("テナント（Fiware-Service）").fill(tenant);
  await page.getByRole("button", { name: "データを表示する" }).click();
  const row = page.getByRole("row", { name: "Park" });
  await row.waitFor();
  expect(await row.getByRole("cell").allTextContents()).toEqual(["2", "1"]);
});

test("an empty tenant says what to do next", async () => {
  const { page } = await visit(`${url}/`);
  await page.getByLabel("テナント（Fiware-Service）").fill(newTenant());
  await page.getByRole("button", { name: "データを表示する" }).click();
  await page.getByText("まだデータがありません").waitFor();
});

test("the language changes at once and is remembered", async () => {
  const { page } = await visit(`${url}/`);
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("heading", { level: 1, name: "Status" }).waitFor();
  expect(await page.locator("html").getAttribute("lang")).toBe("en");
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "Status" }).waitFor();
  await page.getByRole("button", { name: "やさしい日本語" }).click();
  await page.getByRole("heading", { level: 1, name: "いまの ようす" }).waitFor();
});

test("a server that refuses is told in words, not only in colour", async () => {
  const { page } = await visit(`${url}/`);
  await page.getByText("動いています").waitFor();
  await page.route("**/v2/types*", (route) => route.fulfill({ status: 503, body: "{}" }));
  await page.getByRole("button", { name: "最新の状態にする" }).click();
  await page.getByText("データを読み込めませんでした").waitFor();
  expect(await page.getByText("サーバーの応答：503").isVisible()).toBe(true);
  await expectAccessible(page);
});

test.each([320, 390, 768, 1280])("axe finds nothing and nothing scrolls sideways at %i pixels", async (width) => {
  const { page } = await visit(`${url}/`, width);
  await page.getByLabel("テナント（Fiware-Service）").fill(tenant);
  await page.getByRole("button", { name: "データを表示する" }).click();
  await page.getByRole("row", { name: "Park" }).waitFor();
  await expectAccessible(page);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
});

test("the keyboard reaches the content by the skip link first", async () => {
  const { page } = await visit(`${url}/`);
  await page.getByText("動いています").waitFor();
  await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.activeElement?.getAttribute("href"))).toBe("#main");
});

test("the page comes with a strict content security policy and no inline code", async () => {
  const answer = await new Client(url).get("/");
  const policy = answer.headers.get("Content-Security-Policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).not.toContain("unsafe");
  expect(answer.headers.get("X-Content-Type-Options")).toBe("nosniff");
  expect(answer.text).not.toMatch(/<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=/);
});

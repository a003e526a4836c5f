/** Debian's Chromium, driven by Playwright: the browser of all tests of a file, a fresh page each. */
import AxeBuilder from "@axe-core/playwright";
import { type Browser, type Page, chromium } from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

let browser: Browser | undefined;

export function useBrowser(): void {
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: process.env["TEST_CHROMIUM"] ?? "/usr/bin/chromium", args: flags });
  });
  afterAll(async () => {
    await browser?.close();
  });
}

export interface Visit {
  page: Page;
  /** Errors of scripts and of the console, refused content among them. */
  errors: string[];
  /** Requests that did not go to the page's own origin. */
  foreign: string[];
}

/** Opens a page of its own context at the given width. */
export async function visit(url: string, width = 1280): Promise<Visit> {
  if (!browser) throw new Error("useBrowser() comes first");
  const context = await browser.newContext({ viewport: { width, height: 844 }, locale: "ja-JP", timezoneId: "Asia/Tokyo" });
  const page = await context.newPage();
  const errors: string[] = [];
  const foreign: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(new URL(url).origin)) foreign.push(request.url());
  });
  await page.goto(url);
  return { page, errors, foreign };
}

/** No finding of axe for WCAG 2.2 A and AA. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
  expect(violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
}

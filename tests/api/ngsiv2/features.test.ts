/** The list of features and the tests name each other. */
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import features from "./features.json" with { type: "json" };

const folder = fileURLToPath(new URL(".", import.meta.url));
const rows = readdirSync(folder)
  .filter((file) => file.endsWith(".test.ts"))
  .flatMap((file) => [...readFileSync(folder + file, "utf8").matchAll(/^row\(("(?:[^"\\]|\\.)*"),/gm)])
  .map((match) => JSON.parse(match[1] ?? "") as string);
const tested = features.filter((each) => !("absent" in each)).map((each) => each.name);

test("every feature has a row of tests, and every row of tests a feature", () => {
  expect([...new Set(rows)].sort()).toEqual(tested.sort());
});

test("a feature is listed once, and one that is absent says why", () => {
  expect(new Set(features.map((each) => each.name)).size).toBe(features.length);
  for (const each of features) expect("absent" in each ? each.absent : each.means, each.name).toMatch(/\w+/);
});

/** The routes of the program and the OpenAPI files under api/ name each other. */
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { load } from "js-yaml";
import { describe, expect, test } from "vitest";
import { program } from "../support/machi.ts";

interface Route {
  operation: string;
  method: string;
  path: string;
}
interface Parameter {
  $ref?: string;
  name?: string;
  in?: string;
}
interface OpenApiOperation {
  operationId: string;
  summary?: string;
  tags?: string[];
  parameters?: Parameter[];
  responses: Record<string, unknown>;
}
interface OpenApi {
  tags: { name: string }[];
  paths: Record<string, Record<string, OpenApiOperation | Parameter[]>>;
}

const folder = fileURLToPath(new URL("../../api/", import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
const contracts = files.map((name) => [name, load(readFileSync(folder + name, "utf8")) as OpenApi] as const);
const methods = ["get", "post", "put", "patch", "delete"];
const statusPage = "getStatusPage";

function operationsOf(contract: OpenApi): { route: Route; operation: OpenApiOperation; parameters: Parameter[] }[] {
  return Object.entries(contract.paths).flatMap(([path, item]) =>
    methods
      .filter((method) => method in item)
      .map((method) => {
        const operation = item[method] as OpenApiOperation;
        const shared = (item["parameters"] ?? []) as Parameter[];
        return { route: { operation: operation.operationId, method: method.toUpperCase(), path }, operation, parameters: [...shared, ...(operation.parameters ?? [])] };
      }),
  );
}
const line = (route: Route): string => `${route.operation}: ${route.method} ${route.path}`;

/** What `#/a/b` names in the contract. */
function resolve(contract: OpenApi, reference: string): unknown {
  return reference
    .replace(/^#\//, "")
    .split("/")
    .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], contract);
}

test("every route has an operation of the same id, method and path, and the other way round", () => {
  const listed = JSON.parse(execFileSync(program, ["routes"], { encoding: "utf8" })) as Route[];
  // The page is served only where it has been built, and then each of its files is a route.
  const routes = listed.filter((route) => route.operation !== statusPage).map(line);
  const described = contracts.flatMap(([, contract]) => operationsOf(contract)).filter(({ route }) => route.operation !== statusPage);
  expect(described.map(({ route }) => line(route)).sort()).toEqual(routes.sort());
  expect(new Set(routes).size).toBe(routes.length);
  const pages = listed.filter((route) => route.operation === statusPage).map((route) => route.path);
  if (pages.length > 0) expect(pages).toContain("/");
});

test("an id is used once", () => {
  const ids = contracts.flatMap(([, contract]) => operationsOf(contract)).map(({ route }) => route.operation);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  expect(ids).toContain(statusPage);
});

describe.each(contracts)("%s", (_, contract) => {
  test("says of every operation what it does and answers, under a tag that is there", () => {
    const tags = contract.tags.map((tag) => tag.name);
    for (const { route, operation } of operationsOf(contract)) {
      expect(operation.summary, line(route)).toMatch(/\w+/);
      expect(Object.keys(operation.responses).length, line(route)).toBeGreaterThan(0);
      expect(tags, line(route)).toEqual(expect.arrayContaining(operation.tags ?? ["no tag"]));
    }
  });

  test("declares each parameter of a path", () => {
    for (const { route, parameters } of operationsOf(contract)) {
      const declared = parameters
        .map((parameter) => (parameter.$ref === undefined ? parameter : (resolve(contract, parameter.$ref) as Parameter)))
        .filter((parameter) => parameter.in === "path")
        .map((parameter) => parameter.name);
      const named = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      expect(declared.sort(), line(route)).toEqual(named.sort());
    }
  });

  test("refers only to what it holds, and uses all that it holds", () => {
    const used = new Set<string>();
    JSON.stringify(contract, (key: string, value: unknown) => {
      if (key === "$ref") used.add(String(value));
      return value;
    });
    for (const reference of used) expect(resolve(contract, reference), reference).toBeDefined();
    const components = (contract as unknown as { components: Record<string, Record<string, unknown>> }).components;
    const held = Object.entries(components).flatMap(([kind, group]) => Object.keys(group).map((name) => `#/components/${kind}/${name}`));
    expect(held.filter((reference) => !used.has(reference))).toEqual([]);
  });
});

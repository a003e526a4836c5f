/** Notifications in the receiver's form. */
import { expect, test } from "vitest";
import type { Client } from "../../support/client.ts";
import type { Received } from "../../support/receiver.ts";
import { badRequest, create, dataOf, expectStatus, newClient, number, receiver, row, subscribe, text } from "./broker.ts";

const entity = { id: "A", type: "T", n: number(23.5), s: text("a town"), o: { value: { x: [1, 2] } }, z: { value: null } };

/** What arrives when `entity` is created. `url` is put behind the receiver's own. */
async function notified(httpCustom: Record<string, unknown>, url = "", client: Client = newClient()): Promise<Received | undefined> {
  const target = await receiver();
  await subscribe(client, target.url, { notification: { http: undefined, httpCustom: { ...httpCustom, url: target.url + url } } });
  await create(client, entity);
  return (await target.waitFor(1))[0];
}

row("httpCustom url, headers, qs, method, payload/json/ngsi, timeout", () => {
  test("url, method, query and headers are filled in", async () => {
    const custom = { method: "PUT", qs: { id: "${id}", plain: "x y" }, headers: { "X-Value": "v ${n}", Accept: "text/html" }, payload: "${s}: ${n}" };
    const received = await notified(custom, "/${type}/of");
    expect([received?.method, received?.path, received?.text]).toEqual(["PUT", "/T/of?id=A&plain=x%20y", "a town: 23.5"]);
    expect(received?.headers).toMatchObject({ "x-value": "v 23.5", accept: "text/html", "content-type": "text/plain; charset=utf-8", "ngsiv2-attrsformat": "custom" });
  });

  test("json keeps the kind of a value, and text in between is filled in", async () => {
    const received = await notified({ json: { n: "${n}", o: "${o}", mixed: "n=${n}", list: ["${s}", 5], z: "${z}", missing: "${x}" } });
    expect(received?.json).toEqual({ n: 23.5, o: { x: [1, 2] }, mixed: "n=23.5", list: ["a town", 5], z: null, missing: null });
    expect(received?.headers).toMatchObject({ "content-type": "application/json; charset=utf-8", "ngsiv2-attrsformat": "custom" });
  });

  test("payload null sends nothing, an empty one what is sent otherwise", async () => {
    const none = await notified({ payload: null });
    expect([none?.text, none?.headers["ngsiv2-attrsformat"], none?.headers["content-type"]]).toEqual(["", "custom", undefined]);
    const empty = await notified({ payload: "" });
    expect([dataOf(empty)[0]?.id, empty?.headers["ngsiv2-attrsformat"]]).toEqual(["A", "normalized"]);
  });

  test("percent-encoded characters are decoded when it is sent", async () => {
    const received = await notified({ payload: "%7B %22a%22: ${n} %7D", headers: { "X-Text": "%22${s}%22" } });
    expect([received?.text, received?.headers["x-text"]]).toEqual(['{ "a": 23.5 }', '"a town"']);
  });

  test("an empty header removes one; correlator and form cannot be replaced", async () => {
    const headers = { Accept: "", "Content-Type": "text/x-mine", "Fiware-Correlator": "mine", "Ngsiv2-AttrsFormat": "mine" };
    const received = await notified({ payload: "x", headers });
    expect(received?.headers).not.toHaveProperty("accept");
    expect(received?.headers["content-type"]).toBe("text/x-mine");
    expect(received?.headers["fiware-correlator"]).toMatch(/; cbnotif=1$/);
    expect(received?.headers["ngsiv2-attrsformat"]).toBe("custom");
  });

  test("one of payload, json and ngsi; a timeout within bounds; a known method", async () => {
    const url = "http://127.0.0.1:1";
    const body = (httpCustom: object): object => ({ subject: { entities: [{ id: "A" }] }, notification: { httpCustom: { url, ...httpCustom } } });
    const refused: [object, string][] = [
      [{ payload: "x", json: {} }, "only one of payload, json or ngsi fields accepted at the same time in httpCustom, mqttCustom or kafkaCustom"],
      [{ json: "x" }, "json fields in httpCustom, mqttCustom or kafkaCustom must be object or array"],
      [{ timeout: -1 }, "timeout field must be an integer between 0 and 1800000"],
      [{ timeout: 1_800_001 }, "timeout field must be an integer between 0 and 1800000"],
      [{ timeout: "1" }, "timeout is not an int"],
      [{ method: "FETCH" }, "unknown method httpCustom notification"],
    ];
    const client = newClient();
    for (const [custom, sentence] of refused) badRequest(await client.post("/v2/subscriptions", body(custom)), sentence);
    const kept = await client.post("/v2/subscriptions", body({ payload: "x", timeout: 500, method: "patch", qs: { a: "b" } }));
    const shown = (await client.get(kept.headers.get("Location") ?? "")).json as { notification: { httpCustom: object } };
    expect(shown.notification.httpCustom).toEqual({ url, payload: "x", timeout: 500, method: "PATCH", qs: { a: "b" } });
  });
});

row("macros `${...}`", () => {
  test("name the entity, where it is, and each of its attributes", async () => {
    const client = newClient("/a/b");
    const received = await notified({ payload: "${id} ${type} ${service} ${servicePath} [${authToken}] ${n} ${s} ${z} ${x}" }, "", client);
    expect(received?.text).toBe(`A T ${client.tenant ?? ""} /a/b [] 23.5 a town null null`);
  });

  test("a text that is one macro keeps the kind of its value, in json and ngsi", async () => {
    const json = await notified({ json: ["${n}", "${o}", "${z}", " ${n}"] });
    expect(json?.json).toEqual([23.5, { x: [1, 2] }, null, " 23.5"]);
    const ngsi = await notified({ ngsi: { copy: { value: "${o}", type: "Mine" }, words: { value: "n is ${n}", type: "Text" } } });
    expect(dataOf(ngsi)[0]).toMatchObject({ copy: { type: "Mine", value: { x: [1, 2] } }, words: { type: "Text", value: "n is 23.5" } });
  });
});

row("ngsi patch, evalPriority", () => {
  test("changes and adds attributes, id and type; attrs chooses afterwards", async () => {
    const client = newClient();
    const target = await receiver();
    const ngsi = { id: "pre:${id}", type: "${type}Copy", s: { value: "${s}!", type: "Text" }, twice: { value: "${n * 2}", type: "Number" } };
    await subscribe(client, target.url, { notification: { http: undefined, attrs: ["s", "twice"], httpCustom: { url: target.url, ngsi } } });
    await create(client, entity);
    const [received] = await target.waitFor(1);
    expect(dataOf(received)).toEqual([{ id: "pre:A", type: "TCopy", s: text("a town!"), twice: number(47) }]);
    expect(received?.headers["ngsiv2-attrsformat"]).toBe("normalized");
  });

  test("what is evaluated earlier is seen by what comes later, id and type last", async () => {
    const client = newClient();
    const target = await receiver();
    const priority = (value: number): object => ({ evalPriority: { type: "Number", value } });
    const ngsi = {
      id: "${third}",
      third: { value: "${second + 1}", type: "Calculated", metadata: priority(3) },
      second: { value: "${first + 1}", type: "Calculated", metadata: priority(2) },
      first: { value: "${n + 1}", type: "Calculated", metadata: priority(1) },
    };
    await subscribe(client, target.url, { notification: { http: undefined, attrsFormat: "keyValues", attrs: ["first", "second", "third"], httpCustom: { url: target.url, ngsi } } });
    await create(client, entity);
    expect(dataOf((await target.waitFor(1))[0])).toEqual([{ id: "26.5", type: "T", first: 24.5, second: 25.5, third: 26.5 }]);
  });

  test("the priority is from 1 to 100000 and the only metadata", async () => {
    const client = newClient();
    const body = (metadata: object): object => ({
      subject: { entities: [{ id: "A" }] },
      notification: { httpCustom: { url: "http://127.0.0.1:1", ngsi: { a: { value: 1, metadata } } } },
    });
    badRequest(await client.post("/v2/subscriptions", body({ evalPriority: { value: 0 } })), "evalPriority metadata minimum priority is 1");
    badRequest(await client.post("/v2/subscriptions", body({ evalPriority: { value: 100_001 } })), "evalPriority metadata maximum priority is 100000");
    badRequest(await client.post("/v2/subscriptions", body({ evalPriority: { value: "1" } })), "evalPriority metadata must be a number");
    badRequest(await client.post("/v2/subscriptions", body({ unit: { value: 1 } })), "only evalPriority metadata is allowed in ngsi field in custom notifications");
    expectStatus(await client.post("/v2/subscriptions", body({ evalPriority: { value: 100_000 } })), 201);
  });
});

row("JEXL (closed cjexl library)", () => {
  const evaluated = async (expressions: string[]): Promise<unknown> => {
    const client = newClient();
    const target = await receiver();
    const json = expressions.map((expression) => `\${${expression}}`);
    await subscribe(client, target.url, { notification: { http: undefined, httpCustom: { url: target.url, json } } });
    const metadata = { unit: { type: "Text", value: "m" } };
    const attributes = { n: number(3, metadata), f: number(2.75), s: text("A Town"), l: { value: [3, 1, 2] }, o: { value: { x: { y: 7 } } }, z: { value: null } };
    await create(client, { id: "A", type: "T", ...attributes });
    return (await target.waitFor(1))[0]?.json;
  };

  test("operators, paths, conditions", async () => {
    const cases: [string, unknown][] = [
      ["n + f", 5.75],
      ["n * 2 - 1", 5],
      ["7 % n", 1],
      ["n ^ 2", 9],
      ["n > f && s == 'A Town'", true],
      ["n > 5 ? 'high' : 'low'", "low"],
      ["o.x.y", 7],
      ["l[1]", 1],
      ["s + ':' + s", "A Town:A Town"],
      ["1 in l", true],
      ["missing || 0", 0],
      ["z || 'none'", "none"],
      ["metadata.n.unit", "m"],
    ];
    expect(await evaluated(cases.map(([expression]) => expression))).toEqual(cases.map(([, expected]) => expected));
  });

  test("transforms", async () => {
    const cases: [string, unknown][] = [
      ["s|uppercase", "A TOWN"],
      ["s|lowercase|replaceStr('town','city')", "a city"],
      ["s|replaceRegex('[a-z]+','x')", "A Tx"],
      ["s|matchRegex('[A-Z]')", ["A", "T"]],
      ["s|len", 6],
      ["s|split(' ')", ["A", "Town"]],
      ["s|substring(2, 6)", "Town"],
      ["s|indexOf('T')", 2],
      ["s|includes('Tow')", true],
      ["' x '|trim", "x"],
      ["n|toString", "3"],
      ["o|toJson", null],
      ["'12.5'|parseFloat", 12.5],
      ["'12'|parseInt", 12],
      ["n|isNaN", false],
      ["s|typeOf", "String"],
      ["f|floor", 2],
      ["f|ceil", 3],
      ["f|round", 3],
      ["f|toFixed(1)", 2.8],
      ["8|log2", 3],
      ["100|log10", 2],
      ["1|log", 0],
      ["9|sqrt", 3],
      ["l|arrSum", 6],
      ["l|arrAvg", 2],
      ["l|arrMax", 3],
      ["l|arrMin", 1],
      ["l|arrMed", 2],
      ["l|arrSort", [1, 2, 3]],
      ["l|arrReverse", [2, 1, 3]],
      ["o|keys", ["x"]],
      ["o|values", [{ y: 7 }]],
      ["'fr'|mapper(['es','fr'],['Spain','France'])", "France"],
      ["n|nMapper([1,3],['low','high'])", "high"],
      ["n|thMapper([0,10],['low','medium','high'])", "medium"],
      ["1720606949|toIsoString", "2024-07-10T10:22:29+00:00"],
      ["'2024-07-10T10:22:29+00:00'|getTime", 1720606949],
      ["(0|now) > 1720606949", true],
    ];
    const shown = await evaluated(cases.map(([expression]) => expression));
    expect(Object.fromEntries(cases.map(([expression], index) => [expression, (shown as unknown[])[index]]))).toEqual(Object.fromEntries(cases));
  });

  test("what is unknown or broken is null, not an error", async () => {
    const expressions = ["missing", "missing.deep", "s|unknown", "n +", "(n", "o.nothing"];
    expect(await evaluated(expressions)).toEqual(expressions.map(() => null));
  });
});

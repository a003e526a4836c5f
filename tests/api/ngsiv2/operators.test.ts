/** Changes relative to the value that is there. */
import { expect, test } from "vitest";
import type { Client } from "../../support/client.ts";
import { create, createAll, expectStatus, newClient, number, row, text, valuesOf } from "./broker.ts";

row("update operators $inc $mul $min $max $push($each,$position) $addToSet $pull $pullAll $set $unset", () => {
  const start = { n: number(10), l: { value: [1, 2, 3] }, o: { value: { x: 1, y: 2 } }, d: { type: "DateTime", value: "2026-11-23T00:00:00.000Z" } };

  async function after(client: Client, name: string, value: object, type?: string): Promise<unknown> {
    await create(client, { id: "A", type: "T", ...start }, "?options=upsert").catch(() => undefined);
    expectStatus(await client.put("/v2/entities/A/attrs", start), 204);
    expectStatus(await client.patch("/v2/entities/A/attrs", { [name]: { value, ...(type === undefined ? {} : { type }) } }), 204);
    return (await valuesOf(client, "A"))[name];
  }

  test("numbers and moments", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "T" });
    const steps: [object, unknown][] = [[{ $inc: 2 }, 12], [{ $inc: -2.5 }, 7.5], [{ $mul: 3 }, 30], [{ $min: 4 }, 4], [{ $min: 40 }, 10], [{ $max: 40 }, 40]];
    for (const [value, expected] of steps) expect([value, await after(client, "n", value)]).toEqual([value, expected]);
    expect(await after(client, "d", { $max: "2027-01-01" }, "DateTime")).toBe("2027-01-01T00:00:00.000Z");
    expect(await after(client, "d", { $min: "2027-01-01" }, "DateTime")).toBe("2026-11-23T00:00:00.000Z");
  });

  test("arrays", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "T" });
    const steps: [object, unknown][] = [
      [{ $push: 9 }, [1, 2, 3, 9]],
      [{ $push: { $each: [8, 9], $position: 0 } }, [8, 9, 1, 2, 3]],
      [{ $push: { $each: [9], $position: -1 } }, [1, 2, 9, 3]],
      [{ $addToSet: 3 }, [1, 2, 3]],
      [{ $addToSet: 4 }, [1, 2, 3, 4]],
      [{ $addToSet: { $each: [3, 4] } }, [1, 2, 3, 4]],
      [{ $pull: 2 }, [1, 3]],
      [{ $pullAll: [1, 3] }, [2]],
    ];
    for (const [value, expected] of steps) expect([value, await after(client, "l", value)]).toEqual([value, expected]);
  });

  test("objects, and $set with $unset together", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "T" });
    expect(await after(client, "o", { $set: { y: 3, z: 4 } })).toEqual({ x: 1, y: 3, z: 4 });
    expect(await after(client, "o", { $unset: { x: 1 } })).toEqual({ y: 2 });
    expect(await after(client, "o", { $set: { z: 4 }, $unset: { x: 1 } })).toEqual({ y: 2, z: 4 });
  });

  test("a new entity starts from nothing", async () => {
    const client = newClient();
    await create(client, {
      id: "A",
      type: "T",
      inc: { value: { $inc: 5 } },
      mul: { value: { $mul: 5 } },
      min: { value: { $min: 5 } },
      max: { value: { $max: 5 } },
      early: { type: "DateTime", value: { $min: "2026-01-01" } },
      late: { type: "DateTime", value: { $max: "2026-01-01" } },
      push: { value: { $push: 1 } },
      add: { value: { $addToSet: 1 } },
      set: { value: { $set: { x: 1 } } },
      pull: { value: { $pull: 1 } },
      pullAll: { value: { $pullAll: [1] } },
      unset: { value: { $unset: { x: 1 } } },
    });
    expect(await valuesOf(client, "A")).toEqual({
      id: "A",
      type: "T",
      inc: 5,
      mul: 0,
      min: 0,
      max: 5,
      early: "1970-01-01T00:00:00.000Z",
      late: "2026-01-01T00:00:00.000Z",
      push: [1],
      add: [1],
      set: { x: 1 },
    });
  });

  test("one that cannot be applied answers 422 in our own words and changes nothing", async () => {
    const client = newClient();
    await createAll(client, [{ id: "A", type: "T", s: text("x"), n: number(1), o: { value: { x: 1 } } }]);
    const refused: [object, string][] = [
      [{ s: { value: { $inc: 1 } } }, "$inc cannot be applied: the present value is not a number"],
      [{ n: { value: { $push: 1 } } }, "$push cannot be applied: the present value is not an array"],
      [{ n: { value: { $inc: "1" } } }, "$inc cannot be applied: its operand is not a number"],
      [{ s: { value: { $set: { x: 1 } } } }, "$set cannot be applied: the present value is not an object"],
      [{ o: { value: { $set: { x: 2 }, $unset: { x: 1 } } } }, "$set cannot be applied: $unset names the same member: x"],
    ];
    for (const [change, sentence] of refused) {
      const answer = await client.patch("/v2/entities/A/attrs", { ...change, n2: number(1), ...("n" in change ? {} : { n: number(2) }) });
      expect([answer.status, (answer.json as { error: string; description: string }).error]).toEqual([422, "Unprocessable"]);
      expect((answer.json as { description: string }).description).toContain(sentence);
    }
    expect(await valuesOf(client, "A")).toEqual({ id: "A", type: "T", s: "x", n: 1, o: { x: 1 } });
  });

  test("increments that come together all count", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "T", n: number(0) });
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.patch("/v2/entities/A/attrs", { n: { value: { $inc: 1 } } })));
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([204]));
    expect((await valuesOf(client, "A"))["n"]).toBe(50);
  });
});

/** Limits by class and client: who asks too much is refused with 429 and told when to come again. */
import { expect, test } from "vitest";
import { Client } from "../support/client.ts";
import { Machi } from "../support/machi.ts";
import { until } from "../support/until.ts";

test("a client that writes too much is refused with 429 and Retry-After, others of its requests are not", async () => {
  const settings = { MACHI_SERVER_LOOPS: "1", MACHI_LIMITS_WRITE_PER_SECOND: "1", MACHI_LIMITS_WRITE_BURST: "3" };
  const machi = await Machi.start({ settings });
  try {
    const client = new Client(machi.url);
    let number = 0;
    const write = () => client.post("/v2/entities", { id: `e${(number += 1)}`, type: "T" });
    const answers = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(write));
    const refused = answers.filter((answer) => answer.status === 429);
    expect(answers.filter((answer) => answer.status === 201).length).toBeGreaterThanOrEqual(3);
    expect(refused.length).toBeGreaterThanOrEqual(3);
    expect(refused[0]?.headers.get("Retry-After")).toBe("1");
    expect(refused[0]?.json).toMatchObject({ description: expect.stringContaining("too many requests") as string });
    expect((await client.get("/v2/entities/e1")).status).toBe(200);
    const staff = await client.post("/resources/tenants", { name: "limited" });
    expect(staff.status).toBe(429);
    expect(staff.json).toMatchObject({ type: "urn:machi:problem:too-many-requests", status: 429 });
    const metrics = (await new Client(machi.operationsUrl).get("/metrics")).text;
    expect(metrics).toContain(`machi_requests_limited_total{class="write"} ${refused.length + 1}`);
    expect(metrics).toContain('machi_requests_limited_total{class="read"} 0');
    await until(write, (answer) => answer.status === 201);
  } finally {
    await machi.stop();
  }
});

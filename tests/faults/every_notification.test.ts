/** Ten subscriptions match every update: all ten are told of each, once unless the program crashed, and in order. */
import { expect, test } from "vitest";
import { Client } from "../support/client.ts";
import type { Receiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";
import { dataFolder, expectStatus, notified, startMachi, startReceiver, subscribe } from "./setting.ts";

const copies = 10;
const writers = 16;

/** Writers that count up, each on its own entity. Who gets no answer, or a refusal, ends. */
class Load {
  readonly answered: string[] = [];
  private numbers = 0;

  async prepare(client: Client): Promise<void> {
    for (let writer = 0; writer < writers; writer += 1) {
      await expectStatus(201, client.post("/v2/entities", { id: `E${writer}`, type: "T", n: { type: "Number", value: 0 } }));
      this.answered.push(`E${writer}=0`);
    }
  }

  /** Until the server goes, or `count` updates have been answered. */
  async run(url: string, count: number): Promise<void> {
    const goal = this.answered.length + count;
    const work = async (writer: number): Promise<void> => {
      const client = new Client(url);
      while (this.answered.length < goal) {
        this.numbers += 1;
        const number = this.numbers;
        try {
          const answer = await client.patch(`/v2/entities/E${writer}/attrs`, { n: { type: "Number", value: number } });
          if (answer.status !== 204) return;
        } catch {
          return;
        }
        this.answered.push(`E${writer}=${number}`);
      }
    };
    await Promise.all(Array.from({ length: writers }, (_, writer) => work(writer)));
  }

  moreAnswers(count: number): Promise<number> {
    const goal = this.answered.length + count;
    return until(() => Promise.resolve(this.answered.length), (answers) => answers >= goal, 60_000);
  }
}

/** What was told to each of the ten, in order of arrival. */
class Told {
  private readonly lists = new Map<string, string[]>();
  private readonly counts = new Map<string, number>();
  private read = 0;

  constructor(private readonly receiver: Receiver) {}

  private take(): void {
    for (; this.read < this.receiver.received.length; this.read += 1) {
      const each = this.receiver.received[this.read];
      if (each === undefined) return;
      for (const { id, n } of notified(each.json)) {
        const update = `${id}=${String(n)}`;
        const key = `${each.path} ${update}`;
        this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
        const list = this.lists.get(`${each.path} ${id}`) ?? [];
        list.push(update);
        this.lists.set(`${each.path} ${id}`, list);
      }
    }
  }

  private missing(updates: string[]): string[] {
    this.take();
    const missing: string[] = [];
    for (let copy = 0; copy < copies; copy += 1) {
      for (const update of updates) if (!this.counts.has(`/${copy} ${update}`)) missing.push(`/${copy} ${update}`);
    }
    return missing;
  }

  /** Waits until everybody has been told of all updates. */
  async all(updates: string[]): Promise<void> {
    const look = (): Promise<{ missing: number; some: string[] }> => {
      const missing = this.missing(updates);
      return Promise.resolve({ missing: missing.length, some: missing.slice(0, 10) });
    };
    await until(look, (state) => state.missing === 0, 30_000);
  }

  twice(): string[] {
    this.take();
    return [...this.counts].filter(([, count]) => count > 1).map(([key, count]) => `${key}: ${count} times`);
  }

  /** Entities whose numbers did not come in the order in which they were written. */
  outOfOrder(): string[] {
    const value = (update: string): number => Number(update.split("=")[1]);
    return [...this.lists].filter(([, list]) => list.some((update, i) => i > 0 && value(update) < value(list[i - 1] ?? ""))).map(([key]) => key);
  }
}

test(
  "each of ten matching subscriptions is told of each update exactly once, also over orderly restarts, and at least once over kills",
  async () => {
    const data = dataFolder();
    const receiver = await startReceiver();
    const load = new Load();
    const told = new Told(receiver);
    let machi = await startMachi({ data });
    const client = new Client(machi.url);
    for (let copy = 0; copy < copies; copy += 1) await subscribe(client, "T", `${receiver.url}/${copy}`);
    await load.prepare(client);
    await load.run(machi.url, 2000);
    await told.all(load.answered);
    expect(told.twice()).toEqual([]);

    for (let round = 0; round < 3; round += 1) {
      const running = load.run(machi.url, 100_000);
      await load.moreAnswers(300);
      await machi.stop();
      await running;
      machi = await startMachi({ data });
      await told.all(load.answered);
    }
    expect(told.twice()).toEqual([]);
    expect(told.outOfOrder()).toEqual([]);

    for (let round = 0; round < 3; round += 1) {
      const running = load.run(machi.url, 100_000);
      await load.moreAnswers(300);
      await machi.kill();
      await running;
      machi = await startMachi({ data });
      await told.all(load.answered);
    }
    await machi.stop();
  },
  240_000,
);

test("what still waits in memory when an orderly stop loses its patience is delivered by the next start", async () => {
  const data = dataFolder();
  const receiver = await startReceiver();
  receiver.silent = true;
  const first = await startMachi({ data });
  await subscribe(new Client(first.url), "T", receiver.url);
  const ids = Array.from({ length: 60 }, (_, i) => `E${i}`);
  // At once: what is tried for long before the stop waits longer for its next try than this test does.
  const entities = ids.map((id) => ({ id, type: "T", n: { type: "Number", value: 1 } }));
  await expectStatus(204, new Client(first.url).post("/v2/op/update", { actionType: "append", entities }));
  await receiver.waitFor(1);
  await first.stop();
  const before = receiver.received.length;
  receiver.silent = false;
  const second = await startMachi({ data });
  const missing = (): Promise<string[]> => {
    const told = new Set(receiver.received.slice(before).flatMap((each) => notified(each.json).map((entity) => entity.id)));
    return Promise.resolve(ids.filter((id) => !told.has(id)));
  };
  await until(missing, (left) => left.length === 0, 20_000);
  await second.stop();
});

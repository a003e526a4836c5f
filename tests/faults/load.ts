/**
 * Clients that write all the time, a ledger of what they were answered, and the comparison of the ledger with the
 * database and with what was notified.
 *
 * Writer i patches both attributes of its own entity `Meter:i` to the same growing number, its attribute `c<i>` of the
 * entity `Shared` that all writers change, and makes new entities `New:i:n`. Each number is written once.
 */
import { expect } from "vitest";
import { Client } from "../support/client.ts";
import type { Database } from "../support/postgres.ts";
import type { Receiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";
import { expectStatus, notified } from "./setting.ts";

/** What is known of the numbers written to one attribute. */
interface Written {
  answered: Set<number>;
  /** Answered with an error or not at all: they may be stored or not. */
  unknown: Set<number>;
}

export interface WriterOptions {
  /** Writers end at the first request that gets no answer, else they go on until they are stopped. */
  endWithoutAnswer: boolean;
}

export class Ledger {
  private readonly written = new Map<string, Written>();
  private numbers = 0;
  answers = 0;
  /** Answers other than success, by status and body. */
  readonly refusals = new Map<string, number>();
  unanswered = 0;

  constructor(readonly writers: number) {}

  /** The entities that writers change; once, before the first load. */
  async prepare(client: Client): Promise<void> {
    const number = { type: "Number", value: 0 };
    const shared: Record<string, unknown> = { id: "Shared", type: "Load" };
    for (let writer = 0; writer < this.writers; writer += 1) {
      shared[`c${writer}`] = number;
      await expectStatus(201, client.post("/v2/entities", { id: `Meter:${writer}`, type: "Load", a: number, b: number }));
      for (const name of [`Meter:${writer}/a`, `Meter:${writer}/b`, `Shared/c${writer}`]) this.of(name).answered.add(0);
    }
    await expectStatus(201, client.post("/v2/entities", shared));
  }

  private of(name: string): Written {
    const present = this.written.get(name);
    if (present !== undefined) return present;
    const fresh = { answered: new Set<number>(), unknown: new Set<number>() };
    this.written.set(name, fresh);
    return fresh;
  }

  /** Writes with all writers until `stop` is called; then waits for the requests under way. */
  start(url: string, options: WriterOptions): { stop: () => Promise<void>; ended: Promise<void> } {
    let stopped = false;
    const work = async (writer: number): Promise<void> => {
      const client = new Client(url);
      for (let turn = 0; !stopped; turn += 1) {
        const answered = await this.writeOnce(client, writer, turn);
        if (!answered && options.endWithoutAnswer) return;
        // Nothing is waited for: a server that refuses at once is not asked a thousand times a second.
        if (!answered) await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const ended = Promise.all(Array.from({ length: this.writers }, (_, writer) => work(writer))).then(() => undefined);
    return {
      stop: async () => {
        stopped = true;
        await ended;
      },
      ended,
    };
  }

  private async writeOnce(client: Client, writer: number, turn: number): Promise<boolean> {
    this.numbers += 1;
    const number = this.numbers;
    const value = { type: "Number", value: number };
    if (turn % 8 === 7) {
      const id = `New:${writer}:${number}`;
      return this.send([`${id}/a`, `${id}/b`], number, () => client.post("/v2/entities", { id, type: "Load", a: value, b: value }));
    }
    if (turn % 2 === 1) {
      return this.send([`Shared/c${writer}`], number, () => client.patch("/v2/entities/Shared/attrs", { [`c${writer}`]: value }));
    }
    const own = `Meter:${writer}`;
    return this.send([`${own}/a`, `${own}/b`], number, () => client.patch(`/v2/entities/${own}/attrs`, { a: value, b: value }));
  }

  private async send(names: string[], number: number, request: () => Promise<{ status: number; text: string }>): Promise<boolean> {
    for (const name of names) this.of(name).unknown.add(number);
    try {
      const answer = await request();
      if (answer.status !== 201 && answer.status !== 204) {
        const refusal = `${answer.status} ${answer.text}`;
        this.refusals.set(refusal, (this.refusals.get(refusal) ?? 0) + 1);
        return false;
      }
    } catch {
      this.unanswered += 1;
      return false;
    }
    for (const name of names) {
      this.of(name).unknown.delete(number);
      this.of(name).answered.add(number);
    }
    this.answers += 1;
    return true;
  }

  /** Waits until `count` more writes have been answered with success. */
  async moreAnswers(count: number, milliseconds = 60_000): Promise<void> {
    const goal = this.answers + count;
    await until(() => Promise.resolve({ answers: this.answers, refusals: [...this.refusals] }), (seen) => seen.answers >= goal, milliseconds);
  }

  /** Every answered write is there once, none is half applied, and state, log and history tell the same. */
  async compareWith(database: Database): Promise<void> {
    await this.compareHistory(database);
    await this.compareState(database);
    await compareLog(database);
  }

  private async compareHistory(database: Database): Promise<void> {
    const rows = await database.query<{ name: string; values: number[] }>(
      `select e.id || '/' || h.attribute as name, json_agg(h.number order by h.number) as values
       from machi.history h join machi.entity e using (tenant, entity_key) where e.type = 'Load' group by 1`,
    );
    const stored = new Map(rows.map((row) => [row.name, row.values]));
    const missing: string[] = [];
    const strange: string[] = [];
    for (const [name, { answered }] of this.written) {
      const present = new Set(stored.get(name));
      for (const number of answered) if (!present.has(number)) missing.push(`${name} = ${number}`);
    }
    for (const [name, values] of stored) {
      const known = this.of(name);
      if (new Set(values).size !== values.length) strange.push(`${name}: a number twice`);
      for (const number of values) if (!known.answered.has(number) && !known.unknown.has(number)) strange.push(`${name} = ${number}`);
    }
    expect(missing, "answered and not in the history").toEqual([]);
    expect(strange, "in the history and not written so").toEqual([]);
  }

  /** An attribute has one writer, which writes one number after the other: the last one stored is the value. */
  private async compareState(database: Database): Promise<void> {
    const wrong = await database.query(
      `select e.id, h.attribute, e.document::jsonb -> h.attribute -> 'value' as value, max(h.number) as last
       from machi.history h join machi.entity e using (tenant, entity_key) where e.type = 'Load'
       group by e.id, e.document, h.attribute
       having (e.document::jsonb -> h.attribute ->> 'value')::float8 is distinct from max(h.number)`,
    );
    expect(wrong, "values that are not the last of the history").toEqual([]);
    const halves = await database.query(
      `select id, document from machi.entity
       where type = 'Load' and id <> 'Shared' and document::jsonb -> 'a' -> 'value' <> document::jsonb -> 'b' -> 'value'`,
    );
    expect(halves, "entities of which half a write was applied").toEqual([]);
  }

  /** Waits until every answered write has been notified. */
  async allNotified(receiver: Receiver, milliseconds: number): Promise<void> {
    const seen = new Set<string>();
    let read = 0;
    const missing = (): string[] => {
      for (; read < receiver.received.length; read += 1) {
        for (const { id, ...attributes } of notified(receiver.received[read]?.json)) {
          for (const [name, value] of Object.entries(attributes)) seen.add(`${id}/${name} = ${String(value)}`);
        }
      }
      const left: string[] = [];
      for (const [name, { answered }] of this.written) {
        for (const number of answered) if (number !== 0 && !seen.has(`${name} = ${number}`)) left.push(`${name} = ${number}`);
      }
      return left;
    };
    const look = (): Promise<{ missing: number; some: string[] }> => {
      const left = missing();
      return Promise.resolve({ missing: left.length, some: left.slice(0, 10) });
    };
    await until(look, (state) => state.missing === 0, milliseconds);
  }
}

/** The version of an entity is the number of its changes, each of which has one row in the log and its rows in the history. */
async function compareLog(database: Database): Promise<void> {
  const wrong = await database.query(
    `select e.id, e.version, count(*) as rows, count(distinct l.version) as versions, max(l.version) as last
     from machi.entity e left join machi.change_log l on l.kind = 1 and l.tenant = e.tenant and l.entity_key = e.entity_key
     group by e.tenant, e.entity_key, e.id, e.version
     having count(l.version) <> e.version or count(distinct l.version) <> e.version or max(l.version) <> e.version`,
  );
  expect(wrong, "entities whose log does not fit their version").toEqual([]);
  const documents = await database.query(
    `select e.id from machi.entity e join machi.change_log l
       on l.kind = 1 and l.tenant = e.tenant and l.entity_key = e.entity_key and l.version = e.version
     where e.document <> l.document`,
  );
  expect(documents, "entities that are not as their last log row").toEqual([]);
  const history = await database.query(
    `select l.tenant, l.entity_key, l.id, l.rows, h.rows as history
     from (select c.tenant, c.entity_key, c.id, sum((select count(*) from jsonb_object_keys(c.detail::jsonb -> 'kinds'))) as rows
           from machi.change_log c where c.kind = 1 group by 1, 2, 3) l
     full join (select tenant, entity_key, count(*) as rows from machi.history group by 1, 2) h using (tenant, entity_key)
     where l.rows is distinct from h.rows`,
  );
  expect(history, "entities whose history has not one row for each changed attribute").toEqual([]);
}

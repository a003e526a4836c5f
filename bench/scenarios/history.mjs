// Ten million values over twelve months: the last hundred of an attribute, and an aggregate by the hour over 100,000.
import { load, template } from "../lib/loadgen.mjs";
import { withFilledMachi } from "../lib/machi.mjs";
import { medianOf } from "../lib/report.mjs";

const sensors = 100;
const valuesEach = 100_000;
const monthsBack = 12;

/** Values spread evenly over the past months, recorded when they were observed. */
const fillHistory = `
  select machi.ensure_partition('history', to_char(m, 'YYYYMM'), m, m + interval '1 month')
  from generate_series(date_trunc('month', now() at time zone 'utc') at time zone 'utc' - interval '${monthsBack} months', now(), interval '1 month') m;
  insert into machi.history (tenant, entity_key, operation, kind, recorded, observed, number, attribute, type, value)
  select e.tenant, e.entity_key, 2, 0, at, at, v, 'temperature', 'Number', v::text
  from (select tenant, entity_key from machi.entity order by id limit ${sensors}) e,
    generate_series(0, ${valuesEach - 1}) n,
    lateral (select now() - interval '${monthsBack} months' * (n / ${valuesEach}.0) as at, round((20 + 10 * sin(n / 500.0))::numeric, 2) as v) as made;
  vacuum analyze machi.history;`;

export async function history(report, { runs, seconds }) {
  await withFilledMachi(sensors, { settings: { MACHI_DATABASE_SLOW_TIME: "60s" } }, async (machi) => {
    await machi.sql(fillHistory);
    const path = "/history/entities/Sensor-{id}/attrs/temperature";
    const measure = async (target, connections) => {
      const requests = [template("GET", target)];
      return medianOf(runs, async () => (await load({ port: machi.port, requests, ids: [0, sensors - 1], connections, seconds })).accepted.p95 / 1000);
    };
    report.add({ name: "history, last 100 of 10 million", figure: await measure(`${path}?lastN=100`, 1), unit: "ms (p95)", most: 10 });
    report.add({ name: "history, by the hour over 100,000", figure: await measure(`${path}?aggrMethod=count,min,max,sum,avg&aggrPeriod=hour`, 1), unit: "ms (p95)", most: 100 });
  });
}

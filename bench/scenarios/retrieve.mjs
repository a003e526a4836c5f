// Reads by id, against pgbench of the same SELECT.
import { rateOf, template } from "../lib/loadgen.mjs";
import { withFilledMachi } from "../lib/machi.mjs";
import { fastest, pgbench } from "../lib/pgbench.mjs";
import { median } from "../lib/report.mjs";

const path = "/v2/entities/Sensor-{id}";

export async function retrieve(report, { runs, seconds, entities }) {
  const last = entities - 1;
  await withFilledMachi(entities, {}, async (machi) => {
    const measure = (target) => rateOf({ port: machi.port, requests: [template("GET", target)], seconds, ids: [0, last] });
    const best = await fastest(machi, ["retrieve.sql"], [8, 16, 32, 64], last);
    const figures = { pgbench: [], plain: [], keyValues: [], attrs: [] };
    for (let i = 0; i < runs; i += 1) {
      figures.pgbench.push(await pgbench(machi, best.script, { clients: best.clients, seconds, last }));
      figures.plain.push(await measure(path));
      figures.keyValues.push(await measure(`${path}?options=keyValues`));
      figures.attrs.push(await measure(`${path}?attrs=temperature,name`));
    }
    const plain = median(figures.plain);
    report.add({ name: "retrieve by id", figure: plain, unit: "requests/s", yardstick: median(figures.pgbench), against: `pgbench, ${best.clients} clients`, least: 0.9 });
    report.add({ name: "retrieve, options=keyValues", figure: median(figures.keyValues), unit: "requests/s", yardstick: plain, against: "retrieve by id", least: 0.8 });
    report.add({ name: "retrieve, attrs=temperature,name", figure: median(figures.attrs), unit: "requests/s", yardstick: plain, against: "retrieve by id", least: 0.8 });
  });
}

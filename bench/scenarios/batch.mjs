// POST /v2/op/update with a thousand entities, one attribute each.
import { rateOf, template } from "../lib/loadgen.mjs";
import { withFilledMachi } from "../lib/machi.mjs";
import { medianOf } from "../lib/report.mjs";

const size = 1000;

export async function batch(report, { runs, seconds, entities }) {
  const entity = '{"id":"Sensor-{id}","type":"Sensor","temperature":{"type":"Number","value":{number}}}';
  const body = `{"actionType":"update","entities":[${Array(size).fill(entity).join(",")}]}`;
  await withFilledMachi(entities, {}, async (machi) => {
    const requests = [template("POST", "/v2/op/update", body)];
    const perSecond = await medianOf(runs, () => rateOf({ port: machi.port, requests, connections: 4, seconds, ids: [0, entities - 1] }));
    report.add({ name: `batch update of ${size}`, figure: perSecond * size, unit: "entities/s" });
  });
}

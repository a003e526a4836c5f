// From the start of the program to its first answer from the database, with a data folder that exists.
import { rmSync } from "node:fs";
import { Machi, newDataFolder } from "../lib/machi.mjs";
import { medianOf } from "../lib/report.mjs";

export async function start(report, { runs }) {
  const data = newDataFolder();
  await (await Machi.start({ data })).stop();
  const took = await medianOf(runs, async () => {
    const machi = await Machi.start({ data });
    await machi.request("GET", "/v2/entities");
    const seconds = (performance.now() - machi.began) / 1000;
    await machi.stop();
    return seconds;
  });
  rmSync(data, { recursive: true });
  report.add({ name: "start to first answer", figure: took, unit: "s", most: 2 });
}

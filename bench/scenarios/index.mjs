// What bench/run can measure, in the order in which it does (docs of each: bench/README.md).
import { batch } from "./batch.mjs";
import { history } from "./history.mjs";
import { http } from "./http.mjs";
import { overload } from "./overload.mjs";
import { query } from "./query.mjs";
import { retrieve } from "./retrieve.mjs";
import { start } from "./start.mjs";
import { subscriptions } from "./subscriptions.mjs";
import { contention, footprint, slowDisk, update } from "./update.mjs";

export const scenarios = {
  http,
  retrieve,
  query,
  "update-64": (report, options) => update(report, options, 64, 1.6),
  "update-256": (report, options) => update(report, options, 256, 2.2),
  "update-8": (report, options) => update(report, options, 8, 0.9),
  "update-slow-disk": slowDisk,
  "update-contention": contention,
  batch,
  subscriptions,
  history,
  overload,
  start,
  footprint,
};

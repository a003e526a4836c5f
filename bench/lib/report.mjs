// Collects figures and prints each as a line: name, figure, unit, yardstick, ratio, and what the ratio should be.

/** The middle value; of an even number of values the lower middle one. */
export function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}

/** Repeats a measurement and gives the median of its numbers. */
export async function medianOf(runs, measure) {
  const values = [];
  for (let i = 0; i < runs; i += 1) values.push(await measure(i));
  return median(values);
}

function text(number) {
  if (number === undefined) return "-";
  return Math.abs(number) >= 100 ? Math.round(number).toString() : number.toPrecision(3);
}

export class Report {
  figures = [];

  begin(name) {
    console.error(`[${new Date().toISOString().slice(11, 19)}] ${name} …`);
  }

  /**
   * One figure. `yardstick`: what it is measured against, in the same unit. `least` and `most` bound the ratio, or the
   * figure itself when there is no yardstick.
   */
  add({ name, figure, unit, yardstick, against, least, most }) {
    const ratio = yardstick === undefined ? undefined : figure / yardstick;
    const judged = ratio ?? figure;
    const met = (least === undefined || judged >= least) && (most === undefined || judged <= most);
    const goal = [least === undefined ? "" : `>= ${least}`, most === undefined ? "" : `<= ${most}`].join(" ").trim();
    this.figures.push({ name, figure, unit, yardstick, against, ratio, goal, met });
    const verdict = goal === "" ? "" : `${met ? "ok" : "MISSED"} (${goal})`;
    console.log(
      [name.padEnd(34), text(figure).padStart(9), unit.padEnd(12), text(yardstick).padStart(9), text(ratio).padStart(6), verdict, against ? `[${against}]` : ""].join(" ").trimEnd(),
    );
  }

  missed() {
    return this.figures.filter((figure) => !figure.met).length;
  }
}

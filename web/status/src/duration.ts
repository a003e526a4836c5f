/** What stands behind the count of each unit, and between two of them. */
export interface Units {
  day: string;
  hour: string;
  minute: string;
  second: string;
  gap: string;
}

/** A time in its two largest units, the smaller one left out when it is 0: 3日4時間, 5分, 0秒. */
export function duration(seconds: number, units: Units): string {
  const counts: [number, string][] = [
    [Math.floor(seconds / 86400), units.day],
    [Math.floor(seconds / 3600) % 24, units.hour],
    [Math.floor(seconds / 60) % 60, units.minute],
    [seconds % 60, units.second],
  ];
  const largest = counts.findIndex(([count]) => count > 0);
  if (largest < 0) return `0${units.second}`;
  const shown = counts.slice(largest, largest + 2).filter(([count]) => count > 0);
  return shown.map(([count, unit]) => `${count}${unit}`).join(units.gap);
}

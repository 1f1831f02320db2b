import type { Random } from "../../../samples/random.ts";
import type { Series } from "../../../src/agents/anomaly/series.ts";

const START = Date.UTC(2024, 3, 1);
const MINUTE = 60_000;
const TAU = 2 * Math.PI;

/** @param minutes between readings */
export function createSeries(size: number, minutes: number, value: (i: number, dayShare: number) => number): Series {
  const times = Float64Array.from({ length: size }, (_, i) => START + i * minutes * MINUTE);
  const values = times.map((time, i) => value(i, (time % (1440 * MINUTE)) / (1440 * MINUTE)));
  return { times, values, rows: Uint32Array.from(values.keys()), clock: "utc", name: "value", notes: [] };
}

/** Two weeks, a reading every five minutes, without an anomaly. */
export const QUIET: Record<string, (random: Random) => Series> = {
  flat: () => createSeries(4032, 5, () => 45),
  noise: (random) => createSeries(4032, 5, () => 50 + 2 * random.normal()),
  "small noise on a square day": (random) =>
    createSeries(4032, 5, (_, day) => (day > 0.375 && day < 0.75 ? 80 + 4 * random.normal() : 20 + random.uniform())),
  "an exact square day": () => createSeries(4032, 5, (_, day) => (day > 0.375 && day < 0.75 ? 80 : 20)),
  "a sine day": (random) => createSeries(4032, 5, (_, day) => 50 + 20 * Math.sin(TAU * day) + 2 * random.normal()),
  "steps with noise": (random) => {
    let level = 30;
    return createSeries(4032, 5, () => {
      if (random.uniform() < 0.01) level = 30 + 8 * random.normal();
      return level + 0.6 * random.normal();
    });
  },
  "bursts of any height": (random) => {
    let left = 0;
    let height = 0;
    return createSeries(4032, 5, () => {
      if (left > 0) left--;
      else if (random.uniform() < 0.015)
        [left, height] = [1 + Math.floor(6 * random.uniform()), 10 + 50 * random.uniform()];
      return 5 + 0.5 * random.normal() + (left > 0 ? height * (0.8 + 0.4 * random.uniform()) : 0);
    });
  },
  "a temperature that wanders": (random) => {
    let drift = 0;
    return createSeries(4032, 60, (_, day) => {
      drift = 0.998 * drift + 0.3 * random.normal();
      return 70 + drift + 1.5 * Math.sin(TAU * day) + 0.2 * random.normal();
    });
  },
};

/** The series with readings from `from` on, `length` of them, put through `change`. */
export function withChange(
  series: Series,
  from: number,
  length: number,
  change: (value: number, i: number) => number,
): Series {
  const values = series.values.map((value, i) => (i >= from && i < from + length ? change(value, i) : value));
  return { ...series, values };
}

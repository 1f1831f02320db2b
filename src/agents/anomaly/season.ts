import { medianSorted } from "simple-statistics";
import { at } from "./at.ts";
import { rollingMedianByTime } from "./rolling-median.ts";
import type { Series } from "./series.ts";

export interface Season {
  readonly kind: "none" | "daily" | "weekly";
  /** What the time of day (and week) adds to each reading; zeros without a season. */
  readonly profile: Float64Array;
}

export interface SeasonParams {
  /** Periods looked at on each side of a reading. */
  readonly neighbours: number;
  /** A season must bring the spread of the readings down to this share. */
  readonly gain: number;
}

export const DAY = 86_400_000;

/**
 * Decides which season the series has and what it adds. The profile at a reading is the median at the same
 * phase in the neighbouring periods without its own, so that an anomaly cannot explain itself
 * (a leave-one-out, median form of the seasonal step of STL, Cleveland et al. 1990).
 * @param step the usual distance of two readings, milliseconds
 */
export function findSeason({ times, values, clock }: Series, step: number, params: SeasonParams): Season {
  const none: Season = { kind: "none", profile: new Float64Array(values.length) };
  const span = at(times, times.length - 1) - at(times, 0);
  const mayBeDaily = clock !== "index" && span >= 3 * DAY && step <= DAY / 8;
  const mayBeWeekly = clock !== "index" && span >= 21 * DAY && step <= DAY;
  if (!mayBeDaily && !mayBeWeekly) return none;

  const overDay = mayBeDaily ? subtract(values, rollingMedianByTime(times, values, DAY)) : values;
  // Daily and weekly are compared over the same level: a level over one day would hide the week.
  const common = mayBeWeekly ? subtract(values, rollingMedianByTime(times, values, 7 * DAY)) : overDay;
  let best = none;
  let spread = spreadOf(common);
  if (mayBeDaily) {
    const profile = profileOf(times, overDay, DAY, step, params.neighbours);
    if (spreadOf(subtract(overDay, profile)) < params.gain * spreadOf(overDay)) {
      best = { kind: "daily", profile };
      spread = Math.min(spread, spreadOf(subtract(common, profile)));
    }
  }
  if (mayBeWeekly) {
    const profile = profileOf(times, common, 7 * DAY, step, params.neighbours);
    if (spreadOf(subtract(common, profile)) < params.gain * spread) best = { kind: "weekly", profile };
  }
  return best;
}

/** The season of a kind that {@link findSeason} has found before, without weighing the others. */
export function profileSeason(
  { times, values }: Series,
  step: number,
  params: SeasonParams,
  kind: Season["kind"],
): Season {
  if (kind === "none") return { kind, profile: new Float64Array(values.length) };
  const period = kind === "daily" ? DAY : 7 * DAY;
  const overLevel = subtract(values, rollingMedianByTime(times, values, period));
  return { kind, profile: profileOf(times, overLevel, period, step, params.neighbours) };
}

/** Phases in a period are never finer than this: five minutes of a week. */
const MAX_PHASES = 2016;

function profileOf(times: Float64Array, values: Float64Array, period: number, step: number, neighbours: number) {
  const phases = Math.max(1, Math.round(period / Math.max(step, period / MAX_PHASES)));
  const cells: { period: number; sum: number; count: number; profile: number }[][] = Array.from(
    { length: phases },
    () => [],
  );
  const cellOf = Array.from(times, (time, i) => {
    const turn = Math.floor(time / period);
    const phase = Math.min(phases - 1, Math.floor(((time - turn * period) / period) * phases));
    const row = cells[phase] ?? [];
    let cell = row.at(-1);
    if (cell?.period !== turn) row.push((cell = { period: turn, sum: 0, count: 0, profile: 0 }));
    cell.sum += at(values, i);
    cell.count++;
    return cell;
  });
  for (const row of cells) {
    for (const [k, cell] of row.entries()) {
      const others = [...row.slice(Math.max(0, k - neighbours), k), ...row.slice(k + 1, k + 1 + neighbours)];
      if (others.length === 0) continue;
      cell.profile = medianSorted(others.map(({ sum, count }) => sum / count).toSorted((a, b) => a - b));
    }
  }
  return Float64Array.from(cellOf, (cell) => cell.profile);
}

/** Mean distance from zero of the nearest 95 %: blind to anomalies, but not, as a median is, to short busy hours. */
function spreadOf(values: Float64Array): number {
  const sorted = values.map(Math.abs).toSorted();
  const kept = sorted.subarray(0, Math.ceil(sorted.length * 0.95));
  return kept.reduce((sum, value) => sum + value, 0) / kept.length;
}

function subtract(values: Float64Array, other: Float64Array): Float64Array {
  return values.map((value, i) => value - at(other, i));
}

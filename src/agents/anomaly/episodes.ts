import { at } from "./at.ts";
import type { Contrast } from "./contrasts.ts";

/** One window (or moment) that was judged unusual. Positions count readings of the series. */
export interface Flag {
  readonly kind: Contrast["kind"];
  readonly width: number;
  readonly from: number;
  readonly to: number;
  readonly score: number;
  readonly deviation: number;
  readonly reference: number;
  /** The deviation from which on a flag is raised here. */
  readonly limit: number;
}

/** Flags that touch, told as one. */
export interface Episode {
  readonly from: number;
  readonly to: number;
  /** The reading that tells it: the farthest off, or the first after a step. */
  readonly peak: number;
  readonly best: Flag;
}

/** Merges flags that overlap or are less than half a window apart; the most telling one speaks for the episode. */
export function mergeFlags(flags: readonly Flag[], values: Float64Array): Episode[] {
  const groups: { from: number; to: number; best: Flag }[] = [];
  for (const flag of flags.toSorted((a, b) => a.from - b.from || b.score - a.score)) {
    const last = groups.at(-1);
    if (last === undefined || flag.from > last.to + Math.max(1, flag.width / 2)) {
      groups.push({ from: flag.from, to: flag.to, best: flag });
      continue;
    }
    last.to = Math.max(last.to, flag.to);
    if (rank(flag) > rank(last.best)) last.best = flag;
  }
  return groups.map(({ from, to, best }) => {
    const peak = best.kind === "step" ? findOnset(best, values) : findFarthest(best, values);
    return { ...trim(from, to, peak, best, values), peak, best };
  });
}

/** Both sides of a level shift look like bumps, nearly as unusual as the step itself; the step tells more. */
function rank({ kind, score }: Flag): number {
  return kind === "step" ? 1.3 * score : score;
}

/** Wide windows reach past what they found: keeps from the first to the last reading that is as far off itself. */
function trim(
  from: number,
  to: number,
  peak: number,
  { kind, deviation, reference, limit }: Flag,
  values: Float64Array,
) {
  const isOff = (i: number) => (at(values, i) - reference) * Math.sign(deviation) >= limit;
  let first = kind === "step" ? peak : Math.min(from, peak);
  let last = Math.max(to, peak);
  while (first < peak && !isOff(first)) first++;
  while (last > peak && !isOff(last)) last--;
  return { from: first, to: last };
}

function findOnset({ from, width, deviation, reference, limit }: Flag, values: Float64Array): number {
  // Half way up, so that noise before the step is not taken for it.
  const enough = Math.max(limit, Math.abs(deviation) / 2);
  for (let i = Math.max(0, from - (width >> 2)); i < Math.min(values.length, from + width); i++) {
    if ((at(values, i) - reference) * Math.sign(deviation) >= enough) return i;
  }
  return from;
}

function findFarthest({ from, to, deviation }: Flag, values: Float64Array): number {
  let peak = from;
  for (let i = from; i <= to; i++) {
    if ((at(values, i) - at(values, peak)) * Math.sign(deviation) > 0) peak = i;
  }
  return peak;
}

import { at } from "./at.ts";
import { rollingMedian } from "./rolling-median.ts";

/** A statistic along the series, at some positions of it. */
export interface Contrast {
  /** `bump`: a window against both sides of it. `step`: what follows a moment against what came before. */
  readonly kind: "bump" | "step";
  /** Readings in the window. */
  readonly width: number;
  /** First reading of the window (bump) or after the moment (step). */
  readonly positions: Uint32Array;
  readonly deviations: Float64Array;
  /** What the window was compared with. */
  readonly references: Float64Array;
}

/** Windows are moved by this share of their width. */
const HOPS = 4;
/** Neighbours on each side that a single reading is compared with. */
const CLOSE = 8;

/** Each reading against the median of those close to it. */
export function contrastSingles(values: Float64Array): Contrast {
  const references = rollingMedian(values, CLOSE, 0);
  const deviations = values.map((value, i) => value - at(references, i));
  return { kind: "bump", width: 1, positions: Uint32Array.from(values.keys()), deviations, references };
}

/**
 * The mean of each window of `width` readings against the median of the windows around it.
 * @param sums running sums: `sums[i]` is the sum of the first i readings
 * @param surround how far around, in widths, on each side
 */
export function contrastBumps(sums: Float64Array, width: number, surround: number): Contrast {
  const hop = hopOf(width);
  const positions = Uint32Array.from({ length: Math.floor((sums.length - 1 - width) / hop) + 1 }, (_, k) => k * hop);
  const means = Float64Array.from(positions, (p) => (at(sums, p + width) - at(sums, p)) / width);
  const references = rollingMedian(means, Math.round((surround * width) / hop), HOPS - 1);
  return { kind: "bump", width, positions, deviations: means.map((mean, i) => mean - at(references, i)), references };
}

/** The mean of the `width` readings from each moment on against that of as many before it. */
export function contrastSteps(sums: Float64Array, width: number): Contrast {
  const hop = hopOf(width);
  const positions = Uint32Array.from(
    { length: Math.max(0, Math.floor((sums.length - 1 - 2 * width) / hop) + 1) },
    (_, k) => width + k * hop,
  );
  const mean = (from: number) => (at(sums, from + width) - at(sums, from)) / width;
  const references = Float64Array.from(positions, (p) => mean(p - width));
  const deviations = Float64Array.from(positions, (p, i) => mean(p) - at(references, i));
  return { kind: "step", width, positions, deviations, references };
}

function hopOf(width: number): number {
  return Math.max(1, Math.floor(width / HOPS));
}

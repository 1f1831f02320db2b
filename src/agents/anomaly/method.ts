import type { SeasonParams } from "./season.ts";
import type { TailParams } from "./tail-fit.ts";

export interface DetectParams extends TailParams, SeasonParams {
  /** Widths of windows grow by 2 while the series holds this many stretches of four widths. */
  readonly minBlocks: number;
  /** How far around a window, in widths, it is compared with. */
  readonly surround: number;
  /** One reading contributes to a window's mean at most its usual maximum times e to (this times the tail's scale). */
  readonly clip: number;
}

/**
 * One set for every series. Most may move by a quarter without a change that matters; `threshold` trades misses for
 * false alarms, and fewer `blocks` let anomalies that are frequent spoil the fit.
 */
export const PARAMS: DetectParams = {
  threshold: 4.6,
  blocks: 72,
  minBlocks: 8,
  surround: 4,
  neighbours: 6,
  gain: 0.85,
  minScale: 0.075,
  locality: 0.5,
  localBlocks: 8,
  busyQuantile: 0.9,
  busyWeight: 0.6,
  smallSample: 5,
  clip: 2,
};

export const METHOD =
  "Robust seasonal profile (leave-one-out medians at the same time of day or week, after STL: Cleveland et al. 1990), " +
  "then bump and step contrasts over windows of doubling width, each judged by a robust Gumbel fit of its own block " +
  "maxima (Coles 2001, An Introduction to Statistical Modeling of Extreme Values, ch. 3), merged into episodes";

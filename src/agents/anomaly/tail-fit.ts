import { quantileSorted } from "simple-statistics";
import { at } from "./at.ts";

export interface TailParams {
  /** Stretches the series is cut into, at most. */
  readonly blocks: number;
  /** Log odds against chance that a deviation needs, for a series of {@link blocks} blocks. */
  readonly threshold: number;
  /** The Gumbel scale is never taken for less than this share of the usual block maximum (on the root scale). */
  readonly minScale: number;
  /** Share of the local, against the global, median of block maxima in what is usual. */
  readonly locality: number;
  /** Blocks on each side that count as local. */
  readonly localBlocks: number;
  /** What this quantile of the blocks reaches… */
  readonly busyQuantile: number;
  /** …widens the tail with this weight: what recurs is not an anomaly. */
  readonly busyWeight: number;
  /** Few blocks are trusted less: the scale grows by this over their number. */
  readonly smallSample: number;
}

export interface TailFit {
  /** The usual largest deviation of a block. */
  readonly usual: number;
  /** Gumbel scale on the root scale, where {@link usual} is 1. */
  readonly scale: number;
  /** Log odds against chance of a deviation at position `p`, comparable between fits; flagged above the threshold. */
  score(deviation: number, p: number): number;
  /** The deviation at position `p` that reaches the threshold. */
  limit(p: number): number;
}

/**
 * Learns from a statistic's own history how large it gets: cuts it into blocks, takes each block's largest absolute
 * value, and fits a Gumbel distribution to their square roots (block maxima, Coles 2001, chapter 3; the root
 * serves tails between light and heavy) by quartiles, so that up to a quarter of the blocks may hold anomalies.
 * @param positions where each value stands, 0 <= position < length
 * @param floor deviations below this are nothing to anyone
 */
export function fitTail(
  values: Float64Array,
  positions: ArrayLike<number>,
  length: number,
  blocks: number,
  floor: number,
  params: TailParams,
): TailFit {
  const blockOf = (position: number) => Math.min(blocks - 1, Math.floor((position / length) * blocks));
  const maxima = new Float64Array(blocks);
  for (let i = 0; i < values.length; i++) {
    const block = blockOf(at(positions, i));
    maxima[block] = Math.max(at(maxima, block), Math.abs(at(values, i)));
  }
  const usual = quantile(maxima, 0.5) + floor;
  const toRoot = (deviation: number) => Math.sqrt((deviation + floor) / usual);

  const roots = maxima.map(toRoot);
  const overall = quantile(roots, 0.5);
  const centers = roots.map((_, block) => {
    const from = Math.max(0, Math.min(block - params.localBlocks, blocks - 1 - 2 * params.localBlocks));
    const local = quantile(roots.slice(from, from + 2 * params.localBlocks + 1), 0.5);
    return params.locality * local + (1 - params.locality) * overall;
  });
  const rest = roots.map((root, block) => root - at(centers, block));
  const [lower, middle, upper, busy] = [0.25, 0.5, 0.75, params.busyQuantile].map((p) => quantile(rest, p)) as Quartet;
  const scale =
    Math.max(
      params.minScale,
      (upper - lower) / (gumbel(0.75) - gumbel(0.25)),
      (params.busyWeight * (busy - middle)) / (gumbel(params.busyQuantile) - gumbel(0.5)),
    ) *
    (1 + params.smallSample / blocks);
  const location = middle - gumbel(0.5) * scale;
  // With fewer blocks there are fewer chances of a false alarm.
  const chances = Math.log(blocks / params.blocks);

  return {
    usual,
    scale,
    score: (deviation, p) => (toRoot(Math.abs(deviation)) - at(centers, blockOf(p)) - location) / scale - chances,
    limit: (p) => (at(centers, blockOf(p)) + location + scale * (params.threshold + chances)) ** 2 * usual - floor,
  };
}

type Quartet = [number, number, number, number];

function quantile(values: Float64Array, p: number): number {
  return quantileSorted(values.toSorted() as unknown as number[], p);
}

/** Quantile of the standard Gumbel distribution. */
function gumbel(p: number): number {
  return -Math.log(-Math.log(p));
}

import { median, quantileSorted } from "simple-statistics";
import { at } from "./at.ts";
import { contrastBumps, contrastSingles, contrastSteps } from "./contrasts.ts";
import type { Contrast } from "./contrasts.ts";
import { mergeFlags } from "./episodes.ts";
import type { Flag } from "./episodes.ts";
import { METHOD, PARAMS } from "./method.ts";
import type { DetectParams } from "./method.ts";
import { describeReason, toDuration } from "./reason.ts";
import { rollingMedian } from "./rolling-median.ts";
import { DAY, findSeason, profileSeason } from "./season.ts";
import type { Season } from "./season.ts";
import { formatTime } from "./series.ts";
import type { Series } from "./series.ts";
import { fitTail } from "./tail-fit.ts";

/** One episode, told by its most telling reading. */
export interface Anomaly {
  /** 0-based data row of the input. */
  readonly index: number;
  readonly time: string;
  readonly value: number;
  readonly expected: { readonly value: number; readonly lower: number; readonly upper: number };
  /** Log odds against chance; at least the threshold, without an upper end. */
  readonly score: number;
  readonly reason: string;
  /** The first and last time of the episode. */
  readonly from: string;
  readonly to: string;
}

export interface Detection {
  /** In time order. */
  readonly anomalies: Anomaly[];
  /** The episodes as reading positions of the series: from, to (inclusive) and the telling one. */
  readonly spans: { readonly from: number; readonly to: number; readonly peak: number }[];
  /** Where a single reading is expected, one pair a reading. */
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  readonly season: Season["kind"];
  /** Usual distance of two readings: milliseconds, or 1. */
  readonly step: number;
  readonly method: string;
  readonly notes: string[];
}

/** What {@link detect} keeps, in this order: all that takes long and says much in few words. */
export const STAGES = [
  "season",
  "windows of 2",
  "windows of 4",
  "windows of 8",
  "windows of 16",
  "wider windows",
] as const;

/** Computes the next of {@link STAGES}, or has it from before. What it gives is plain JSON. */
export type Keep = <T>(compute: () => T) => T;

/**
 * Finds what is unusual in a series, looking at all of it. Deterministic; {@link METHOD} names the method.
 * @param onProgress told the share done, 0 to 1, and what is being done
 */
export function detect(
  series: Series,
  params: DetectParams = PARAMS,
  onProgress: (fraction: number, stage: string) => void = () => {},
  keep: Keep = (compute) => compute(),
): Detection {
  const { times, values } = series;
  const step = median(Array.from(times.subarray(1), (time, i) => time - at(times, i)));
  onProgress(0, "looking for a daily or weekly season");
  let found: Season | undefined;
  const kind = keep(() => (found = findSeason(series, step, params)).kind);
  const season = found ?? profileSeason(series, step, params, kind);
  const spread = spreadOf(values);
  const adjusted = removeSeason(values, season);

  const maxBlocks = season.kind === "none" ? params.blocks : blocksOfDays(times, params.blocks);
  const fit = (contrast: Contrast) => {
    const blocks = Math.max(4, Math.min(maxBlocks, Math.floor(values.length / (4 * contrast.width))));
    return fitTail(contrast.deviations, contrast.positions, values.length, blocks, spread * 1e-3, params);
  };
  const judge = (contrast: Contrast, tail: ReturnType<typeof fit>): Flag[] => {
    const flags: Flag[] = [];
    for (let i = 0; i < contrast.deviations.length; i++) {
      const position = at(contrast.positions, i);
      const deviation = at(contrast.deviations, i);
      const score = tail.score(deviation, position);
      if (score < params.threshold) continue;
      const { kind: shape, width } = contrast;
      const to = shape === "step" ? position : Math.min(values.length - 1, position + width - 1);
      const reference = at(contrast.references, i);
      flags.push({ kind: shape, width, from: position, to, score, deviation, reference, limit: tail.limit(position) });
    }
    return flags;
  };

  onProgress(0.3, "looking at single readings");
  const singles = contrastSingles(adjusted);
  const singleTail = fit(singles);

  const clip = Math.max(singleTail.usual * Math.exp(params.clip * Math.min(1, 2 * singleTail.scale)), spread / 10);
  const sums = runningSums(singles, clip);
  const widths = doublings(values.length / (4 * params.minBlocks));
  const judgeWidth = (width: number): Flag[] => {
    onProgress(0.4 + (0.6 * widths.indexOf(width)) / widths.length, `looking at windows of ${width} readings`);
    const bumps = contrastBumps(sums, width, params.surround);
    const flags = judge(bumps, fit(bumps));
    if (width < MIN_STEP_WIDTH) return flags;
    const steps = contrastSteps(sums, width);
    return [...flags, ...judge(steps, fit(steps))];
  };
  const narrow = [2, 4, 8, 16];
  const groups = [...narrow.map((width) => [width]), widths.slice(narrow.length)];
  const flags = [
    ...judge(singles, singleTail),
    ...groups.flatMap((group) => keep(() => group.filter((width) => widths.includes(width)).flatMap(judgeWidth))),
  ];

  const level = rollingMedian(adjusted, LEVEL_RADIUS, -1);
  const limits = level.map((_, i) => singleTail.limit(i));
  const center = level.map((value, i) => value + at(values, i) - at(adjusted, i));
  const episodes = mergeFlags(flags, adjusted);
  onProgress(1, "done");
  return {
    anomalies: episodes.map((episode) => {
      const { peak, best } = episode;
      const expected = at(values, peak) - at(adjusted, peak) + best.reference;
      const when = (position: number) => formatTime(at(times, position), series.clock);
      return {
        index: at(series.rows, peak),
        time: when(peak),
        value: at(values, peak),
        expected: { value: round(expected), lower: round(expected - best.limit), upper: round(expected + best.limit) },
        score: Math.round(best.score * 100) / 100,
        reason: describeReason(episode, series),
        from: when(episode.from),
        to: when(episode.to),
      };
    }),
    spans: episodes.map(({ from, to, peak }) => ({ from, to, peak })),
    lower: center.map((value, i) => value - at(limits, i)),
    upper: center.map((value, i) => value + at(limits, i)),
    season: season.kind,
    step,
    method: METHOD,
    notes: [...series.notes, ...describeGaps(times, step)],
  };
}

/** Narrower steps are no steps but noise, and wide enough bumps. */
const MIN_STEP_WIDTH = 16;
/** Readings on each side whose median is drawn as the level. */
const LEVEL_RADIUS = 64;

/** Takes the profile off; where the season turns steeply, one reading early or late is no surprise. */
function removeSeason(values: Float64Array, { kind, profile }: Season): Float64Array {
  if (kind === "none") return values;
  const plain = values.map((value, i) => value - at(profile, i));
  const level = rollingMedian(plain, LEVEL_RADIUS, -1);
  return values.map((value, i) => {
    const near = [at(profile, i), profile[i - 1] ?? at(profile, i), profile[i + 1] ?? at(profile, i)];
    const above = value - at(level, i);
    return value - Math.min(Math.max(...near), Math.max(Math.min(...near), above));
  });
}

/** Blocks shorter than a day would each see another part of it. */
function blocksOfDays(times: Float64Array, most: number): number {
  return Math.max(8, Math.min(most, Math.round((at(times, times.length - 1) - at(times, 0)) / DAY)));
}

function runningSums({ references, deviations }: Contrast, clip: number): Float64Array {
  const sums = new Float64Array(deviations.length + 1);
  for (let i = 0; i < deviations.length; i++) {
    sums[i + 1] = at(sums, i) + at(references, i) + Math.max(-clip, Math.min(clip, at(deviations, i)));
  }
  return sums;
}

function doublings(most: number): number[] {
  const widths: number[] = [];
  for (let width = 2; width <= most; width *= 2) widths.push(width);
  return widths;
}

function spreadOf(values: Float64Array): number {
  const sorted = values.toSorted() as unknown as number[];
  return quantileSorted(sorted, 0.95) - quantileSorted(sorted, 0.05) || Math.abs(quantileSorted(sorted, 0.5)) || 1;
}

function describeGaps(times: Float64Array, step: number): string[] {
  let gaps = 0;
  let longest = 0;
  for (let i = 1; i < times.length; i++) {
    const distance = at(times, i) - at(times, i - 1);
    if (distance > 3 * step) gaps++;
    longest = Math.max(longest, distance);
  }
  if (gaps === 0) return [];
  return [
    `${gaps} ${gaps === 1 ? "gap" : "gaps"} of more than three usual steps, the longest ${toDuration(longest, 0)}.`,
  ];
}

function round(value: number): number {
  return Number(value.toPrecision(7));
}

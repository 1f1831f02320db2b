import { at } from "./at.ts";
import type { Episode } from "./episodes.ts";
import type { Series } from "./series.ts";

/** One sentence about what is unusual in an episode. */
export function describeReason({ best, peak }: Episode, { times, clock }: Series): string {
  const { kind, width, from, deviation, limit } = best;
  const amount = toShort(Math.abs(deviation));
  const side = deviation > 0 ? "above" : "below";
  const usual = `usually at most ${toShort(limit)}`;
  if (kind === "bump" && width === 1) return `A reading ${amount} ${side} its neighbours; ${usual}.`;
  const last = Math.min(times.length - 1, from + width - 1);
  const length = clock === "index" ? `${width} readings` : toDuration(at(times, last) - at(times, from), width);
  if (kind === "bump") return `For ${length}, on average ${amount} ${side} the expected value; ${usual}.`;
  const turn = deviation > 0 ? "rose" : "fell";
  const after = clock === "index" ? `From reading ${peak} on` : "From here on";
  return `${after} the level ${turn} by ${amount} compared with the previous ${length}; ${usual}.`;
}

export function toShort(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e9 || size < 1e-3) return value.toExponential(2);
  return String(size >= 1000 ? Math.round(value) : Number(value.toPrecision(3)));
}

/** A duration in words; in readings if it is under a minute. */
export function toDuration(milliseconds: number, readings: number): string {
  const minutes = milliseconds / 60_000;
  if (minutes < 1) return `${readings} readings`;
  if (minutes < 90) return `${Math.round(minutes)} minutes`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} hours` : `${Math.round(minutes / 1440)} days`;
}

import { formatTime } from "./series.ts";
import type { Series } from "./series.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [1, 5, 15, 30].map((n) => n * MINUTE).concat([1, 3, 6, 12].map((n) => n * HOUR));
const DAY_STEPS = [1, 2, 7, 14].map((n) => n * DAY);
const MONTH_STEPS = [1, 2, 3, 6, 12, 24, 60, 120, 600, 1200];
const MOST = 9;

/** Round values between two, about five of them. */
export function valueTicks(low: number, high: number): number[] {
  const step = roundStep((high - low) / 5);
  const first = Math.ceil(low / step);
  const count = Math.min(20, Math.floor(high / step) - first + 1);
  return Array.from({ length: Math.max(0, count) }, (_, k) => Number(((first + k) * step).toPrecision(12)));
}

/** Round moments between two, with as much of the time as tells them apart. */
export function timeTicks(start: number, end: number, clock: Series["clock"]): { at: number; label: string }[] {
  if (clock === "index") return valueTicks(start, end).map((at) => ({ at, label: String(at) }));
  const span = end - start;
  const step = [...STEPS, ...DAY_STEPS].find((candidate) => span / candidate <= MOST);
  if (step === undefined) return monthTicks(start, end);
  const first = Math.ceil(start / step) * step;
  const length = Math.max(0, Math.floor((end - first) / step) + 1);
  return Array.from({ length }, (_, k) => {
    const iso = formatTime(first + k * step, clock);
    return { at: first + k * step, label: step >= DAY ? iso.slice(0, 10) : iso.slice(5, 16).replace("T", " ") };
  });
}

function monthTicks(start: number, end: number): { at: number; label: string }[] {
  const months = (end - start) / (30.4 * DAY);
  const step = MONTH_STEPS.find((candidate) => months / candidate <= MOST) ?? Math.ceil(months / MOST / 12) * 12;
  const ticks: { at: number; label: string }[] = [];
  const from = new Date(start);
  for (let month = Math.ceil(from.getUTCMonth() / step) * step; ticks.length <= MOST + 1; month += step) {
    const at = Date.UTC(from.getUTCFullYear(), month);
    if (!(at <= end)) break;
    if (at >= start) ticks.push({ at, label: new Date(at).toISOString().slice(0, step >= 12 ? 4 : 7) });
  }
  return ticks;
}

function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const digit = step / power;
  return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
}

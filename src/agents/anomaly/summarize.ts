import { at } from "./at.ts";
import type { Detection } from "./detect.ts";
import { toShort } from "./reason.ts";
import { formatTime } from "./series.ts";
import type { Series } from "./series.ts";

/** Anomalies told one by one; the rest is counted. */
const TOLD = 10;

/** What was found, as paragraphs of plain text: the result, the most severe first, the data, the method. */
export function summarize(series: Series, detection: Detection): string[] {
  const { times, values, clock, name } = series;
  const { anomalies, season, step } = detection;
  const period = `${formatTime(at(times, 0), clock)} to ${formatTime(at(times, times.length - 1), clock)}`;
  const found =
    anomalies.length === 0 ? "No anomalies" : anomalies.length === 1 ? "1 anomaly" : `${anomalies.length} anomalies`;
  const paragraphs = [`${found} in ${values.length} readings of ${name}, ${period}.`];

  const severe = anomalies.toSorted((a, b) => b.score - a.score);
  if (severe.length > 0) {
    const lines = severe.slice(0, TOLD).map(({ time, value, expected, score, reason, from, to }, i) => {
      const lasted = from === to ? "" : ` Lasted from ${from} to ${to}.`;
      const range = `expected ${toShort(expected.lower)} to ${toShort(expected.upper)}`;
      return `${i + 1}. ${time}: ${toShort(value)}, ${range} (score ${score}). ${reason}${lasted}`;
    });
    if (severe.length > TOLD) lines.push(`and ${severe.length - TOLD} less severe.`);
    paragraphs.push(["Most severe first:", ...lines].join("\n"));
  }
  const rhythm =
    clock === "index" ? "no times, so no season was looked for" : `a reading every ${toStep(step)}, ${SEASONS[season]}`;
  paragraphs.push([`Data: ${rhythm}.`, ...detection.notes].join(" "), `Method: ${detection.method}.`);
  return paragraphs;
}

const SEASONS = {
  none: "no daily or weekly season",
  daily: "a daily season",
  weekly: "a weekly season",
} as const;

function toStep(step: number): string {
  const [size, unit] = (
    [
      [86_400_000, "d"],
      [3_600_000, "h"],
      [60_000, "min"],
      [1000, "s"],
    ] as const
  ).find(([ms]) => step >= ms) ?? [1, "ms"];
  return `${Number((step / size).toPrecision(3))} ${unit}`;
}

import { readFile } from "node:fs/promises";
import { globSync } from "node:fs";
import { join } from "node:path";
import { detect } from "../src/agents/anomaly/detect.ts";
import { parseCsv } from "../src/agents/anomaly/parse-csv.ts";
import { parseTime } from "../src/agents/anomaly/parse-time.ts";
import { scoreFlags } from "./score-flags.ts";
import type { Score } from "./score-flags.ts";

const LABELS = "combined_windows.json";

/**
 * Runs the anomaly agent's own parsing and detection over a folder of CSV files in the layout of the Numenta Anomaly
 * Benchmark: `combined_windows.json` maps each file to its labelled windows, [start, end] inclusive.
 * @returns a line per file, and the total last
 */
export async function evaluateAnomaly(folder: string): Promise<string[]> {
  const labels = parseLabels(await readFile(join(folder, LABELS), "utf8"));
  const lines: string[] = [];
  const total = { hits: 0, windows: 0, falseAlarms: 0 };
  let files = 0;
  let unread = 0;
  for (const [file, windows] of Object.entries(labels)) {
    const result = await evaluateFile(join(folder, file), windows);
    if (typeof result === "string") {
      unread++;
      // A window that could not be evaluated is a miss.
      total.windows += windows.length;
      lines.push(`${file}: NOT EVALUATED, ${result}; its ${windows.length} windows are scored as missed`);
      continue;
    }
    files++;
    total.hits += result.hits;
    total.windows += windows.length;
    total.falseAlarms += result.falseAlarms;
    lines.push(`${file}: ${describe(result.hits, windows.length, result.falseAlarms)} (${result.milliseconds} ms)`);
  }
  for (const file of globSync("**/*.csv", { cwd: folder }).toSorted()) {
    if (!(file.replaceAll("\\", "/") in labels)) lines.push(`${file}: skipped, not listed in ${LABELS}`);
  }
  const missing = unread === 0 ? "" : `, ${unread} not evaluated`;
  lines.push(`total of ${files} files${missing}: ${describe(total.hits, total.windows, total.falseAlarms)}`);
  return lines;
}

async function evaluateFile(
  path: string,
  windows: [number, number][],
): Promise<(Score & { milliseconds: number }) | string> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch {
    return "the file is missing";
  }
  try {
    const began = performance.now();
    const series = parseCsv(bytes);
    const { spans, step } = detect(series);
    const milliseconds = Math.round(performance.now() - began);
    const flagged = spans.map(({ peak }) => series.times[peak] ?? 0);
    return { ...scoreFlags(flagged, windows, step), milliseconds };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function parseLabels(text: string): Record<string, [number, number][]> {
  const labels = JSON.parse(text) as Record<string, [string, string][]>;
  return Object.fromEntries(
    Object.entries(labels).map(([file, windows]) => [
      file,
      windows.map(([start, end]): [number, number] => [toTime(start), toTime(end)]),
    ]),
  );
}

function toTime(text: string): number {
  const parsed = parseTime(text);
  if (parsed === undefined) throw new Error(`${LABELS}: ${JSON.stringify(text)} is not a time`);
  return parsed.time;
}

function describe(hits: number, windows: number, falseAlarms: number): string {
  return `${hits}/${windows} windows hit, ${falseAlarms} false-alarm ${falseAlarms === 1 ? "episode" : "episodes"}`;
}

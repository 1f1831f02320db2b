import { detect } from "./detect.ts";
import type { Anomaly, Keep } from "./detect.ts";
import { parseCsv } from "./parse-csv.ts";
import { parseRows } from "./parse-rows.ts";
import { plot } from "./plot.ts";
import type { ColumnChoice } from "./series.ts";
import { summarize } from "./summarize.ts";

/** A series as it came, and which of its columns to take. */
export type AnalysisInput = { readonly options?: ColumnChoice } & (
  | { readonly csv: Uint8Array | string }
  | { readonly rows: unknown }
);

export interface Analysis {
  readonly anomalies: readonly Anomaly[];
  /** An SVG document. */
  readonly plot: string;
  /** Paragraphs of plain text. */
  readonly summary: readonly string[];
  readonly readings: number;
  readonly method: string;
}

/** What is done first. */
export const READING = "reading the data";

/** Told the share done, 0 to 1, and what is being done. */
export type OnProgress = (fraction: number, stage: string) => void;

/**
 * From input to result, without any effect. Seconds of CPU for a large input: see `runInThread`.
 * @throws InputError when the input cannot be judged
 */
export function analyze(input: AnalysisInput, onProgress: OnProgress = () => {}, keep?: Keep): Analysis {
  onProgress(0, READING);
  const series = "csv" in input ? parseCsv(input.csv, input.options) : parseRows(input.rows, input.options);
  const detection = detect(series, undefined, (fraction, stage) => onProgress(0.3 + 0.6 * fraction, stage), keep);
  onProgress(0.9, "drawing the plot");
  return {
    anomalies: detection.anomalies,
    plot: plot(series, detection),
    summary: summarize(series, detection),
    readings: series.values.length,
    method: detection.method,
  };
}

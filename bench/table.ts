/** The results of one server in one part. */
export interface Row {
  readonly part: string;
  readonly server: string;
  readonly unit: "requests/s" | "streams/s" | "ms" | "bytes/task";
  /** One value per round. */
  readonly values: readonly number[];
  /** Medians of the rounds, in ms. */
  readonly p50?: number;
  readonly p99?: number;
  /** CPU time of the server's process per request, in microseconds. */
  readonly cpu?: number;
  /** The median divided by that of the SDK's server. */
  readonly ratio?: number;
  readonly aim?: Aim;
}

export interface Aim {
  readonly text: string;
  readonly isMet: boolean;
}

export interface Part {
  readonly rows: readonly Row[];
  /** Notes that explain the rows. */
  readonly notes: readonly string[];
}

const COLUMNS = ["", "", "min", "median", "max", "", "p50 ms", "p99 ms", "CPU µs", "by SDK", "aim", ""] as const;
/** Formats a table. Numbers are aligned right. */
const WORDS: readonly number[] = [0, 1, 5, 10, 11];

export function toTable(rows: readonly Row[]): string {
  const cells = [[...COLUMNS], ...rows.map(toCells)];
  const widths = COLUMNS.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) =>
        WORDS.includes(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  return lines.join("\n");
}

function toCells(row: Row, index: number, rows: readonly Row[]): string[] {
  const { part, server, unit, values, p50, p99, cpu, ratio, aim } = row;
  return [
    rows[index - 1]?.part === part ? "" : part,
    server,
    ...[Math.min(...values), median(values), Math.max(...values)].map((value) => toNumber(value, unit)),
    unit,
    p50?.toFixed(2) ?? "",
    p99?.toFixed(2) ?? "",
    cpu?.toFixed(0) ?? "",
    ratio?.toFixed(2) ?? "",
    aim?.text ?? "",
    aim ? (aim.isMet ? "met" : "not met") : "",
  ];
}

function toNumber(value: number, unit: Row["unit"]): string {
  return unit === "ms" && value < 100 ? value.toFixed(2) : Math.round(value).toLocaleString("en");
}

export function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

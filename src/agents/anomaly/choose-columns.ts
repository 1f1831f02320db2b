import { parseTime } from "./parse-time.ts";
import { InputError } from "./series.ts";
import type { ColumnChoice } from "./series.ts";

export interface Columns {
  /** 0-based; undefined when the rows carry no time and their order is the time. */
  readonly time: number | undefined;
  readonly value: number;
}

/**
 * Finds the column of times and the column of values.
 * @param names the header, or undefined without one
 * @param sample some data rows, as text
 * @throws InputError when a named column is absent, or none holds numbers
 */
export function chooseColumns(
  names: readonly string[] | undefined,
  sample: readonly (readonly string[])[],
  choice: ColumnChoice,
): Columns {
  const width = Math.max(names?.length ?? 0, ...sample.map((row) => row.length));
  const columns = [...Array(width).keys()];
  const share = (column: number, test: (text: string) => boolean) => {
    const filled = sample.map((row) => row[column] ?? "").filter((text) => !isEmpty(text));
    return filled.length === 0 ? 0 : filled.filter(test).length / filled.length;
  };
  const named = (pattern: RegExp, column: number) => (pattern.test(names?.[column] ?? "") ? 1 : 0);
  const best = (score: (column: number) => number) => {
    const ranked = columns.map((column) => ({ column, score: score(column) })).filter((entry) => entry.score > 0);
    return ranked.toSorted((a, b) => b.score - a.score || a.column - b.column)[0]?.column;
  };

  const chosenValue = find("valueColumn", choice.valueColumn, names, width);
  const time =
    find("timeColumn", choice.timeColumn, names, width) ??
    best((column) => {
      const readable = column === chosenValue ? 0 : share(column, (text) => parseTime(text) !== undefined);
      return readable < 0.5 ? 0 : readable + named(TIME_NAME, column);
    });
  const value =
    chosenValue ??
    best((column) => {
      const numeric = column === time ? 0 : share(column, (text) => Number.isFinite(toNumber(text)));
      return numeric < 0.5 ? 0 : numeric + named(VALUE_NAME, column);
    });
  if (value === undefined) {
    const found = names === undefined ? `${width} columns` : `the columns ${names.slice(0, 20).map(quote).join(", ")}`;
    throw new InputError(`No column of numbers was found in ${found}. Name it with the option valueColumn.`);
  }
  return { time, value };
}

/** What stands for "no reading" in common exports. */
export function isEmpty(text: string): boolean {
  return EMPTY.has(text.trim().toLowerCase());
}

/** NaN for what is not a decimal number. */
export function toNumber(text: string): number {
  const trimmed = text.trim();
  // Number() alone would take "", "0x1f" and "Infinity".
  return trimmed.length <= 40 && DECIMAL.test(trimmed) ? Number(trimmed) : Number.NaN;
}

export const quote = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

const EMPTY = new Set(["", "nan", "na", "n/a", "null", "none", "-", "inf", "-inf", "infinity", "-infinity"]);
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const TIME_NAME = /^(?:time|date|timestamp|datetime|ts|when)|(?:time|date|timestamp)$/i;
const VALUE_NAME = /^(?:value|val|y|reading|measurement|count|amount)$/i;

function find(
  option: string,
  wanted: string | number | undefined,
  names: readonly string[] | undefined,
  width: number,
) {
  if (wanted === undefined) return undefined;
  const byName = names?.findIndex((name) => name.trim().toLowerCase() === String(wanted).trim().toLowerCase()) ?? -1;
  if (byName >= 0) return byName;
  const position = Number(wanted);
  if (Number.isInteger(position) && position >= 1 && position <= width) return position - 1;
  const known = names === undefined ? `positions 1 to ${width}` : names.slice(0, 20).map(quote).join(", ");
  throw new InputError(`${option} ${quote(String(wanted))} is not a column of the input. It has: ${known}.`);
}

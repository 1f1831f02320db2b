import { chooseColumns, isEmpty, quote, toNumber } from "./choose-columns.ts";
import { parseTime } from "./parse-time.ts";
import { InputError, MAX_ROWS, SeriesBuilder } from "./series.ts";
import type { ColumnChoice, Series } from "./series.ts";

/**
 * Reads JSON rows: numbers, `[time, value]` arrays, or objects such as `{ "timestamp": "…", "value": 1 }`.
 * @throws InputError saying what is wrong, in which row, and what to do
 */
export function parseRows(rows: unknown, choice: ColumnChoice = {}): Series {
  if (!Array.isArray(rows)) throw new InputError(`The rows must be a JSON array; ${HOW}`);
  if (rows.length > MAX_ROWS)
    throw new InputError(`${rows.length} rows; at most ${MAX_ROWS} are accepted. Send a coarser step.`);
  const builder = new SeriesBuilder();
  const first: unknown = rows.find((row) => row !== null);
  if (typeof first === "number") {
    for (const [index, row] of rows.entries()) {
      if (typeof row === "number" && Number.isFinite(row)) builder.add(index, row);
      else builder.skip("value");
    }
    return builder.build("value", "index");
  }
  if (typeof first !== "object" || first === null) throw new InputError(`Row 1 is ${typeof first}; ${HOW}`);

  const names = Array.isArray(first) ? undefined : Object.keys(first);
  const cells = (row: unknown): unknown[] => {
    if (typeof row !== "object" || row === null) return [];
    if (names === undefined) return Array.isArray(row) ? row : [];
    return names.map((name) => (row as Record<string, unknown>)[name]);
  };
  const sample = rows.slice(0, 50).map((row) => cells(row).map(toText));
  const columns = chooseColumns(names, sample, choice);
  let zoned = true;
  let firstBad = "";
  for (const [index, row] of rows.entries()) {
    const fields = cells(row);
    const text = toText(fields[columns.value]);
    const value = toNumber(text);
    if (!Number.isFinite(value)) {
      if (!isEmpty(text)) firstBad ||= ` Row ${index + 1}: ${quote(text)} is not a number.`;
      builder.skip("value");
      continue;
    }
    if (columns.time === undefined) {
      builder.add(index, value);
      continue;
    }
    const when = parseTime(toText(fields[columns.time]));
    if (when === undefined) {
      firstBad ||= ` Row ${index + 1}: ${quote(toText(fields[columns.time]))} is not a time.`;
      builder.skip("time");
      continue;
    }
    zoned &&= when.zoned;
    builder.add(when.time, value);
  }
  try {
    return builder.build(
      names?.[columns.value] ?? "value",
      columns.time === undefined ? "index" : zoned ? "utc" : "local",
    );
  } catch (error) {
    if (error instanceof InputError) throw new InputError(error.message + firstBad, { cause: error });
    throw error;
  }
}

const HOW = 'send numbers, [time, value] arrays or objects such as {"timestamp": "2014-07-01 00:00:00", "value": 1}.';

function toText(cell: unknown): string {
  if (typeof cell === "string") return cell;
  return typeof cell === "number" || typeof cell === "boolean" ? String(cell) : "";
}

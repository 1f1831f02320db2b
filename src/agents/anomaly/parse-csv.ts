import { CsvError, parse } from "csv-parse/sync";
import { chooseColumns, isEmpty, quote, toNumber } from "./choose-columns.ts";
import type { Columns } from "./choose-columns.ts";
import { parseTime } from "./parse-time.ts";
import { InputError, MAX_ROWS, SeriesBuilder } from "./series.ts";
import type { ColumnChoice, Series } from "./series.ts";

/**
 * Reads a CSV: comma, semicolon, tab or bar; with or without a header; LF, CRLF or bare CR; BOM; quoted fields.
 * @throws InputError saying what is wrong, in which line, and what to do
 */
export function parseCsv(input: Uint8Array | string, choice: ColumnChoice = {}): Series {
  const text = typeof input === "string" ? input : decode(input);
  const head = text.slice(0, HEAD_CHARS);
  if (head.trim() === "") throw new InputError("The CSV is empty. Send a header and one row per reading.");
  const delimiter = findDelimiter(head);
  const reader = createReader(choice);
  try {
    parse(text, {
      bom: true,
      delimiter,
      record_delimiter: ["\r\n", "\n", "\r"],
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      max_record_size: 1_000_000,
      on_record: (record: string[], { lines }) => {
        reader.take(record, lines);
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new InputError(`The CSV cannot be read: ${error.message.slice(0, 200)}. Check the quotes in that line.`);
  }
  return reader.finish();
}

const HEAD_CHARS = 20_000;
/** Rows looked at before the columns are chosen. */
const SAMPLE_ROWS = 50;

function decode(bytes: Uint8Array): string {
  const utf16 =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? "utf-16le"
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? "utf-16be"
        : undefined;
  return new TextDecoder(utf16 ?? "utf-8").decode(bytes);
}

function findDelimiter(head: string): string {
  const lines = head.split(/\r\n|\n|\r/, 10).filter((line) => line !== "");
  const steady = (delimiter: string) => Math.min(...lines.map((line) => line.split(delimiter).length));
  return [",", ";", "\t", "|"].reduce((best, next) => (steady(next) > steady(best) ? next : best));
}

function createReader(choice: ColumnChoice) {
  const builder = new SeriesBuilder();
  const pending: { record: string[]; line: number }[] = [];
  let names: string[] | undefined;
  let columns: Columns | undefined;
  let zoned = true;
  let firstBad: string | undefined;

  const read = ({ time, value }: Columns, record: string[], line: number) => {
    if (builder.seen >= MAX_ROWS) {
      throw new InputError(`Line ${line}: more than ${MAX_ROWS} rows. Send a shorter period or a coarser step.`);
    }
    const field = record[value] ?? "";
    const number = toNumber(field);
    if (!Number.isFinite(number)) {
      if (!isEmpty(field)) firstBad ??= `line ${line}, column ${value + 1}: ${quote(field)} is not a number`;
      builder.skip("value");
      return;
    }
    if (time === undefined) {
      builder.add(builder.seen, number);
      return;
    }
    const when = parseTime(record[time] ?? "");
    if (when === undefined) {
      firstBad ??= `line ${line}, column ${time + 1}: ${quote(record[time] ?? "")} is not a time such as 2014-07-01 00:00:00`;
      builder.skip("time");
      return;
    }
    zoned &&= when.zoned;
    builder.add(when.time, number);
  };

  const choose = () => {
    if (pending.length === 0) return;
    const [first] = pending;
    if (first !== undefined && isHeader(first.record, pending[1]?.record)) {
      names = first.record;
      pending.shift();
    }
    columns = chooseColumns(
      names,
      pending.map((row) => row.record),
      choice,
    );
    for (const row of pending) read(columns, row.record, row.line);
    pending.length = 0;
  };

  return {
    take(record: string[], line: number): void {
      if (columns !== undefined) return read(columns, record, line);
      if (pending.push({ record, line }) > SAMPLE_ROWS) choose();
    },
    finish(): Series {
      choose();
      const name = (columns === undefined ? undefined : names?.[columns.value]?.trim()) || "value";
      const clock = columns?.time === undefined ? "index" : zoned ? "utc" : "local";
      try {
        const series = builder.build(name, clock);
        return firstBad === undefined
          ? series
          : { ...series, notes: [...series.notes, `The first unreadable field: ${firstBad}.`] };
      } catch (error) {
        if (error instanceof InputError && firstBad !== undefined) {
          throw new InputError(`${error.message} The first unreadable field: ${firstBad}.`, { cause: error });
        }
        throw error;
      }
    },
  };
}

/** A header has no number and no time in it, and the row after it has. */
function isHeader(first: readonly string[], second: readonly string[] | undefined): boolean {
  const isData = (field: string) => Number.isFinite(toNumber(field)) || parseTime(field) !== undefined;
  return !first.some(isData) && (second === undefined || second.some((field) => isData(field) || isEmpty(field)));
}

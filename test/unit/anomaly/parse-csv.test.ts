import { describe, expect, test } from "vitest";
import { parseCsv } from "../../../src/agents/anomaly/parse-csv.ts";
import { InputError } from "../../../src/agents/anomaly/series.ts";

const START = Date.UTC(2014, 6, 1);
const HOUR = 3_600_000;
const stamp = (i: number) => new Date(START + i * HOUR).toISOString().slice(0, 19).replace("T", " ");
const count = (n: number) => [...Array(n).keys()];
const rows = count(40).map((i) => `${stamp(i)},${i}`);
const plain = ["timestamp,value", ...rows];

describe("dialects", () => {
  test.each([
    ["LF", plain.join("\n")],
    ["CRLF", plain.join("\r\n")],
    ["bare CR", plain.join("\r")],
    ["a byte order mark", `\uFEFF${plain.join("\n")}`],
    ["a last line end and blank lines", `${plain.join("\n\n")}\n\n`],
    ["no header", rows.join("\n")],
    ["semicolons", plain.join("\n").replaceAll(",", ";")],
    ["tabs", plain.join("\n").replaceAll(",", "\t")],
    [
      "quoted fields",
      ["timestamp,note,value", ...count(40).map((i) => `"${stamp(i)}","a ""b"", c","${i}"`)].join("\n"),
    ],
    ["the value first", ["value,timestamp", ...count(40).map((i) => `${i},${stamp(i)}`)].join("\n")],
    ["UTF-8 bytes", new TextEncoder().encode(`\uFEFF${plain.join("\r\n")}`)],
  ])("reads %s", (_, text) => {
    const series = parseCsv(text);
    expect([...series.values]).toEqual(count(40));
    expect([...series.times]).toEqual(count(40).map((i) => START + i * HOUR));
    expect(series.clock).toBe("local");
    expect(series.notes).toEqual([]);
  });

  test("takes row numbers for times where no column holds times", () => {
    const series = parseCsv(["reading", ...count(40).map((i) => String(i / 2))].join("\n"));
    expect(series.clock).toBe("index");
    expect(series.name).toBe("reading");
    expect(series.times[39]).toBe(39);
  });
});

describe("columns", () => {
  const wide = ["id,when,low,high", ...count(40).map((i) => `x${i},${stamp(i)},${i},${i * 2}`)].join("\n");

  test("takes the named value column, whatever its case", () => {
    expect(parseCsv(wide, { valueColumn: "HIGH" }).values[39]).toBe(78);
  });

  test("takes a column by its position", () => {
    expect(parseCsv(wide, { timeColumn: 2, valueColumn: "4" }).values[39]).toBe(78);
  });

  test("names the columns there are when the named one is absent", () => {
    expect(() => parseCsv(wide, { valueColumn: "medium" })).toThrow('It has: "id", "when", "low", "high".');
  });
});

describe("order and quality", () => {
  test("sorts times that step back and averages repeated ones, and says so", () => {
    const mixed = [...plain, `${stamp(5)},25`, `${stamp(-1)},-1`];
    const series = parseCsv(mixed.join("\n"));
    expect(series.values.slice(0, 8)).toEqual(Float64Array.of(-1, 0, 1, 2, 3, 4, 15, 6));
    expect(series.rows.slice(0, 3)).toEqual(Uint32Array.of(41, 0, 1));
    expect(series.notes).toEqual([
      "2 steps back in time were sorted.",
      "1 reading at a repeated time was averaged in.",
    ]);
  });

  test("averages three readings of one moment with equal weight", () => {
    const series = parseCsv([...plain, `${stamp(39)},0`, `${stamp(39)},0`].join("\n"));
    expect(series.values[39]).toBeCloseTo(13);
  });

  test("skips rows without a value or a time, reports how many, and shows the first field that it could not read", () => {
    const holes = [...plain, `${stamp(50)},`, `${stamp(51)},NaN`, `${stamp(52)},broken`, "yesterday,1"];
    const series = parseCsv(holes.join("\n"));
    expect(series.values).toHaveLength(40);
    expect(series.notes).toEqual([
      "3 rows without a numeric value were skipped.",
      "1 row without a readable time was skipped.",
      'The first unreadable field: line 44, column 2: "broken" is not a number.',
    ]);
  });
});

describe("refusals", () => {
  test.each([
    ["an empty text", "", "empty"],
    ["too few readings", plain.slice(0, 20).join("\n"), "Only 19 usable readings"],
    ["no numbers", ["a,b", ...count(40).map(() => "x,y")].join("\n"), "No column of numbers"],
    ["a row without an end", `a,b\n"${"x".repeat(1_100_000)}`, "cannot be read"],
  ])("refuses %s and says why", (_, text, why) => {
    expect(() => parseCsv(text)).toThrow(InputError);
    expect(() => parseCsv(text)).toThrow(why);
  });

  test("reads a hostile line in linear time", () => {
    const began = performance.now();
    expect(() => parseCsv(`${"1-".repeat(400_000)}\n${"9".repeat(400_000)},${" ".repeat(400_000)}`)).toThrow(
      InputError,
    );
    expect(performance.now() - began).toBeLessThan(1500);
  });
});

import { expect, test } from "vitest";
import { parseRows } from "../../../src/agents/anomaly/parse-rows.ts";

const START = Date.UTC(2020, 0, 1);
const days = [...Array(40).keys()];
const iso = (i: number) => new Date(START + i * 86_400_000).toISOString();

test.each([
  ["objects", days.map((i) => ({ timestamp: iso(i), site: "a", value: i }))],
  ["objects with epoch milliseconds", days.map((i) => ({ ts: START + i * 86_400_000, reading: i }))],
  ["arrays", days.map((i) => [iso(i), i])],
  ["numbers as text", days.map((i) => ({ timestamp: iso(i), value: String(i) }))],
])("reads %s", (_, rows) => {
  const series = parseRows(rows);
  expect([...series.values]).toEqual(days);
  expect(series.times[39]).toBe(START + 39 * 86_400_000);
  expect(series.clock).toBe("utc");
});

test("takes plain numbers in their order and leaves out null", () => {
  const series = parseRows([...days, null, 99]);
  expect(series.clock).toBe("index");
  expect(series.times[40]).toBe(41);
  expect(series.notes).toEqual(["1 row without a numeric value was skipped."]);
});

test("takes the named member", () => {
  const rows = days.map((i) => ({ at: iso(i), a: i, b: -i }));
  expect(parseRows(rows, { valueColumn: "b" }).values[3]).toBe(-3);
});

test.each([
  ["no array", { value: 1 }, "must be a JSON array"],
  ["an array of text", ["a", "b"], "Row 1 is string"],
  ["nothing", [], "Row 1 is undefined"],
  ["too few", [1, 2, 3], "Only 3 usable readings"],
  [
    "unreadable times",
    days.map((i) => ({ timestamp: i < 30 ? iso(i) : "later", value: i })),
    'Row 31: "later" is not a time',
  ],
])("refuses %s and says why", (_, rows, why) => {
  expect(() => parseRows(rows)).toThrow(why);
});

import { expect, test } from "vitest";
import { parseTime } from "../../../src/agents/anomaly/parse-time.ts";

test.each([
  ["2014-07-01 00:30:00", "2014-07-01T00:30:00.000Z", false],
  ["2014-07-01 00:30:00.000000", "2014-07-01T00:30:00.000Z", false],
  ["2014-07-01", "2014-07-01T00:00:00.000Z", false],
  ["2014/7/1 9:05", "2014-07-01T09:05:00.000Z", false],
  ["2014-07-01T00:30:00Z", "2014-07-01T00:30:00.000Z", true],
  ["2014-07-01T00:30:00.25+02:00", "2014-06-30T22:30:00.250Z", true],
  ["2014-07-01T00:30:00-0330", "2014-07-01T04:00:00.000Z", true],
  ["2-Jun-06", "2006-06-02T00:00:00.000Z", false],
  ["28-Feb-99 13:45", "1999-02-28T13:45:00.000Z", false],
  ["1404172800", "2014-07-01T00:00:00.000Z", true],
  ["1404172800.5", "2014-07-01T00:00:00.500Z", true],
  ["1404172800000", "2014-07-01T00:00:00.000Z", true],
])("reads %s", (text, iso, zoned) => {
  const parsed = parseTime(text);
  expect(parsed && { iso: new Date(parsed.time).toISOString(), zoned: parsed.zoned }).toEqual({ iso, zoned });
});

test.each([
  "",
  "3.5",
  "12",
  "2014-13-01",
  "2014-06-31",
  "30-Foo-06",
  "03/04/2006",
  "2014-07-01 25:00:00",
  "0".repeat(50),
])("does not take %j for a time", (text) => {
  expect(parseTime(text)).toBeUndefined();
});

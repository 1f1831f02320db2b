import { expect, test } from "vitest";
import { createRandom } from "../../../samples/random.ts";
import { detect } from "../../../src/agents/anomaly/detect.ts";
import { summarize } from "../../../src/agents/anomaly/summarize.ts";
import { createSeries, withChange } from "./synthetic-series.ts";

const random = createRandom(4);
const quiet = createSeries(2000, 5, () => 10 + random.normal());
const series = {
  ...withChange(
    withChange(quiet, 500, 1, () => 40),
    1500,
    1,
    () => 90,
  ),
  notes: ["3 rows were mended."],
};

test("gives the number and the period, with the most severe first", () => {
  const [first = "", second = ""] = summarize(series, detect(series));
  expect(first).toMatch(/^\d+ anomalies in 2000 readings of value, 2024-04-01T00:00:00Z to 2024-04-07T22:35:00Z\.$/);
  const [, worst, next] = second.split("\n");
  expect(worst).toMatch(/^1\. 2024-04-06T05:00:00Z: 90, expected .* to .* \(score [\d.]+\)\. A reading/);
  expect(next).toMatch(/^2\. 2024-04-02T17:40:00Z: 40, /);
});

test("says what was mended in the data, its step and season, and the method", () => {
  const text = summarize(series, detect(series)).join("\n");
  expect(text).toContain("Data: a reading every 5 min, no daily or weekly season. 3 rows were mended.");
  expect(text).toContain("Coles 2001");
});

test("says so when nothing was found", () => {
  const detection = { ...detect(series), anomalies: [] };
  expect(summarize(series, detection)[0]).toMatch(/^No anomalies in 2000 readings/);
  expect(summarize(series, detection).join()).not.toContain("Most severe");
});

test("lists ten and gives the number of the rest", () => {
  const detection = detect(series);
  const many = detection.anomalies.slice(0, 1).flatMap((anomaly) => Array.from({ length: 13 }, () => anomaly));
  expect(summarize(series, { ...detection, anomalies: many })[1]).toMatch(/\n10\. .*\nand 3 less severe\.$/s);
});

import { describe, expect, test } from "vitest";
import { createRandom } from "../../../samples/random.ts";
import { detect } from "../../../src/agents/anomaly/detect.ts";
import { createSeries, QUIET, withChange } from "./synthetic-series.ts";

const FROM = 2600;

function quiet(name: keyof typeof QUIET, seed = 5) {
  const make = QUIET[name];
  if (make === undefined) throw new Error(`no series ${name}`);
  return make(createRandom(seed));
}

describe("false alarms", () => {
  test.each(Object.keys(QUIET))("raises at most three on %s", (name) => {
    for (const seed of [5, 6]) expect(detect(quiet(name, seed)).anomalies.length).toBeLessThanOrEqual(3);
  });
});

describe("what it finds", () => {
  const swing = createRandom(9);
  test.each([
    ["a spike in noise", withChange(quiet("noise"), FROM, 1, (value) => value + 40), FROM, 1],
    ["a spike inside the usual range of another hour", withChange(quiet("a sine day"), 2808, 2, () => 68), 2808, 2],
    ["a dropout of three hours", withChange(quiet("a sine day"), FROM, 36, () => 0), FROM, 36],
    ["a drop in a flat series", withChange(quiet("flat"), FROM, 3, () => 40), FROM, 3],
    ["a missing busy day", withChange(quiet("small noise on a square day"), 10 * 288, 288, () => 20.5), 10 * 288, 288],
    [
      "a busy day cut short",
      withChange(quiet("an exact square day"), 10 * 288 + 160, 56, () => 20),
      10 * 288 + 160,
      56,
    ],
    [
      "wild readings for twelve hours",
      withChange(quiet("noise"), FROM, 144, (v) => v + 25 * swing.normal()),
      FROM,
      144,
    ],
    ["a warm spell", withChange(quiet("a temperature that wanders"), FROM, 60, (value) => value + 14), FROM, 60],
  ])("finds %s", (_, series, from, length) => {
    const { spans } = detect(series);
    expect(spans.some(({ peak }) => peak >= from - 3 && peak < from + length + 3)).toBe(true);
  });

  test.each([5, 6, 7])("finds where a level shifts, not only that it did (seed %i)", (seed) => {
    const { spans, anomalies } = detect(withChange(quiet("noise", seed), FROM, 4032 - FROM, (value) => value + 15));
    const shift = spans.findIndex(({ peak }) => Math.abs(peak - FROM) <= 3);
    expect(shift).toBeGreaterThanOrEqual(0);
    expect(anomalies[shift]?.reason).toMatch(/the level rose by 1[45]/);
  });

  test("tells an episode as one anomaly with its first and last reading", () => {
    const { spans } = detect(withChange(quiet("a sine day"), FROM, 36, (value) => value - 60));
    expect(spans.filter(({ from, to }) => from >= FROM - 36 && to <= FROM + 72)).toHaveLength(1);
    expect(spans[0]).toMatchObject({ from: FROM, to: FROM + 35 });
  });
});

describe("seasons", () => {
  const random = createRandom(3);
  const weekly = createSeries(2688, 30, (i, day) => {
    const free = Math.floor(i / 48) % 7 > 4;
    return 100 + (free ? 0 : 80 * Math.max(0, Math.sin(Math.PI * day))) + 3 * random.normal();
  });

  test("tells daily, weekly and no season apart", () => {
    expect(detect(quiet("a sine day")).season).toBe("daily");
    expect(detect(weekly).season).toBe("weekly");
    expect(detect(quiet("noise")).season).toBe("none");
  });

  test("finds the one Wednesday that looks like a Sunday", () => {
    const from = 48 * 30;
    const holiday = withChange(weekly, from, 48, () => 100 + 3 * random.normal());
    const { spans } = detect(holiday);
    expect(spans.length).toBeLessThanOrEqual(3);
    expect(spans.some(({ peak }) => peak >= from && peak < from + 48)).toBe(true);
    expect(detect(weekly).spans.length).toBeLessThanOrEqual(2);
  });

  test("looks for no season where there are no times", () => {
    const series = quiet("a sine day");
    const plain = { ...series, clock: "index" as const, times: series.times.map((_, i) => i) };
    expect(detect(plain).season).toBe("none");
  });
});

describe("what it says", () => {
  const series = withChange(quiet("noise"), FROM, 1, (value) => value + 40);

  test("gives index, time, value, expected range, score and reason", () => {
    const anomaly = detect(series).anomalies.find(({ index }) => index === FROM);
    expect(anomaly?.time).toBe(new Date(series.times[FROM] ?? 0).toISOString().replace(".000Z", "Z"));
    expect(anomaly?.value).toBeGreaterThan(80);
    expect(anomaly?.expected.lower).toBeLessThan(50);
    expect(anomaly?.expected.upper).toBeLessThan(anomaly?.value ?? 0);
    expect(anomaly?.expected.upper).toBeGreaterThan(50);
    expect(anomaly?.reason).toMatch(/^A reading 4\d.* above its neighbours; usually at most .*\.$/);
  });

  test("says the same twice", () => {
    expect(detect(series)).toEqual(detect(series));
  });

  test("names rows of the input, in the order they came", () => {
    const shuffled = { ...series, rows: series.rows.map((row) => 10_000 - row) };
    expect(detect(shuffled).anomalies.some(({ index }) => index === 10_000 - FROM)).toBe(true);
  });

  test("reports the number of gaps", () => {
    const keep = [...series.times.keys()].filter((i) => i < 300 || i > 600);
    const times = Float64Array.from(keep, (i) => series.times[i] ?? 0);
    const values = Float64Array.from(keep, (i) => series.values[i] ?? 0);
    expect(detect({ ...series, times, values }).notes).toEqual([
      "1 gap of more than three usual steps, the longest 25 hours.",
    ]);
  });
});

test("handles 32 readings, constant and not", () => {
  expect(detect(createSeries(32, 5, () => 1)).anomalies).toEqual([]);
  const random = createRandom(1);
  expect(() => detect(createSeries(32, 5, () => random.normal()))).not.toThrow();
});

test("handles times far apart without walking through all between", () => {
  const series = quiet("a sine day");
  const times = series.times.map((time, i) => (i === 0 ? -8e15 : time));
  expect(detect({ ...series, times }).season).toBe("daily");
});

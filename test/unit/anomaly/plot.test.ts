import { describe, expect, test } from "vitest";
import { createRandom } from "../../../samples/random.ts";
import { detect } from "../../../src/agents/anomaly/detect.ts";
import { plot } from "../../../src/agents/anomaly/plot.ts";
import { createSeries, withChange } from "./synthetic-series.ts";

const random = createRandom(4);
const noisy = createSeries(2000, 5, () => 10 + random.normal());
const series = withChange(noisy, 1500, 1, () => 60);

test("draws the series, the band and a marker per anomaly, with a title and a description", () => {
  const detection = detect(series);
  const svg = plot(series, detection);
  expect(svg.match(/<circle class="mark"[^>]*><title>/g)).toHaveLength(detection.anomalies.length);
  expect(svg).toContain('<path class="line" d="M');
  expect(svg).toContain('<path class="band" d="M');
  expect(svg).toMatch(/<title id="title">\d+ anomal.* in value<\/title><desc id="desc">2000 readings, 2024-04-01/);
  expect(svg).not.toContain("NaN");
});

test("is well-formed XML without scripts or references, whatever the column is called", () => {
  const svg = plot({ ...series, name: `<script>&"' \u0000]]>` }, detect(series));
  expect(unbalanced(svg)).toBe("");
  expect(svg).toContain("&lt;script&gt;&amp;&quot;' ]]&gt;");
  expect(svg).not.toMatch(/<script|href|url\(|&(?!(?:amp|lt|gt|quot);)/);
});

describe("the plot's event in a stream stays under 64 KiB, where the line buffer of one client ends", () => {
  const MAX = 45 * 1024;
  const toLine = (svg: string): string => {
    const part = { raw: Buffer.from(svg).toString("base64"), mediaType: "image/svg+xml", filename: "plot.svg" };
    const artifact = { artifactId: "plot", name: "Plot", parts: [part] };
    const artifactUpdate = { taskId: "t".repeat(36), contextId: "c".repeat(36), artifact, lastChunk: true };
    return `data: ${JSON.stringify({ jsonrpc: "2.0", id: "i".repeat(36), result: { artifactUpdate } })}`;
  };

  /** Wild values, a wild band, and as many anomalies as asked for, each with the longest of words. */
  function createWorst(size: number, count: number, name = "value") {
    const long = { ...createSeries(size, 1, (i) => Math.sin(i / 100) * random.uniform() * 1e5), name };
    const found = detect(series);
    const [first] = found.anomalies;
    const anomalies = Array.from({ length: count }, (_, i) => ({
      ...(first as NonNullable<typeof first>),
      reason: "<é>".repeat(60),
      score: i % 97,
    }));
    const spans = anomalies.map((_, i) => {
      const peak = Math.floor((i * size) / count);
      return { from: peak, to: peak, peak };
    });
    const upper = long.values.map(() => random.uniform() * 2e5);
    return plot(long, { ...found, anomalies, spans, lower: upper.map((one) => -one), upper, step: 60_000 });
  }

  test.each([
    ["a million readings", 1_000_000, 0, "value"],
    ["a million readings with ten thousand anomalies", 1_000_000, 10_000, "value"],
    ["twenty thousand readings, all of them anomalies", 20_000, 20_000, "value"],
    ["as many readings as columns", 544, 544, "value"],
    ["one reading more than columns", 545, 545, "value"],
    ["a column with a very long name", 100, 10, "<é>".repeat(50_000)],
  ])("for %s", (_what, size, count, name) => {
    const svg = createWorst(size, count, name);
    expect(Buffer.byteLength(svg)).toBeLessThanOrEqual(MAX);
    expect(toLine(svg).length).toBeLessThan(64 * 1024);
    expect(unbalanced(svg)).toBe("");
    const markers = svg.match(/<circle class="mark" cx="[^"]*" cy="[^"]*" r="5"/g) ?? [];
    expect(markers.length).toBeGreaterThanOrEqual(Math.min(count, 10));
  });
});

test("keeps the extremes of readings that share a pixel", () => {
  const spiked = withChange(
    createSeries(200_000, 1, () => 0),
    77_777,
    1,
    () => 1000,
  );
  const detection = {
    ...detect(series),
    anomalies: [],
    spans: [],
    lower: spiked.values,
    upper: spiked.values,
    step: 60_000,
  };
  const line = /<path class="line" d="(M[^"]{100,})"/.exec(plot(spiked, detection))?.[1] ?? "";
  const heights = [...line.matchAll(/V([\d.]+)/g)].map((match) => Number(match[1]));
  expect(Math.max(...heights) - Math.min(...heights)).toBeGreaterThan(250);
});

test("breaks the line where readings are missing", () => {
  const times = series.times.map((time, i) => (i < 1000 ? time : time + 86_400_000));
  const gapped = { ...series, times };
  expect(/<path class="line" d="M[^"]*M[^"]*"\/>\n<circle/.test(plot(gapped, detect(gapped)))).toBe(true);
});

/** The first tag that is not closed as it should be, or "". */
function unbalanced(xml: string): string {
  const open: string[] = [];
  const tags = /<(\/?)([a-z]+)((?: [a-zA-Z-]+="[^"<]*")*)(\/?)>/g;
  for (const [, closing, name = "", , empty] of xml.matchAll(tags)) {
    if (closing) {
      if (open.pop() !== name) return name;
    } else if (!empty) open.push(name);
  }
  return open.join() + (xml.replaceAll(tags, "").match(/</)?.[0] ?? "");
}

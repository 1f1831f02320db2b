import { expect, test } from "vitest";
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

test("stays far below 512 KB for a million readings", () => {
  const long = createSeries(1_000_000, 1, (i) => Math.sin(i / 100) * random.uniform());
  const band = long.values.map(() => 1);
  const detection = { ...detect(series), lower: band.map((one) => -one), upper: band, step: 60_000 };
  expect(plot(long, detection).length).toBeLessThan(128 * 1024);
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

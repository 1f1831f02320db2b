import { at } from "./at.ts";
import type { Detection } from "./detect.ts";
import { timeTicks, valueTicks } from "./plot-ticks.ts";
import { toShort } from "./reason.ts";
import { formatTime } from "./series.ts";
import type { Series } from "./series.ts";

const WIDTH = 1200;
const HEIGHT = 440;
const LEFT = 76;
const RIGHT = 36;
const TOP = 58;
const BOTTOM = 46;
/** Pixels of one column: what a long series has within them is drawn as one stroke. */
const COLUMN = 2;
const COLUMNS = (WIDTH - LEFT - RIGHT) / COLUMN;
/** Bytes of the SVG. In base64 with what is around it an event stays under 64 KiB, where the line buffer of one client ends. */
const MAX_BYTES = 45 * 1024;
/** The most severe anomalies say what they are; further ones are drawn as long as there is room. */
const MAX_TITLES = 40;
/** Of a name, which may be anything, in the title. */
const MAX_NAME = 100;

/**
 * Draws the series, where it was expected and its anomalies as a self-contained SVG: no scripts, no references.
 * Its size follows from its width in pixels, not from the number of readings, and is at most 45 KiB.
 */
export function plot(series: Series, detection: Detection): string {
  const { times, values, clock } = series;
  const start = at(times, 0);
  const end = at(times, times.length - 1);
  const [low, high] = toDomain(values);
  const x = (time: number) => LEFT + ((time - start) / (end - start || 1)) * COLUMNS;
  const y = (value: number) =>
    TOP + (1 - (Math.min(high, Math.max(low, value)) - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const columns = toColumns(series, detection, x);

  const count = detection.anomalies.length;
  const title = `${count === 0 ? "No anomalies" : count === 1 ? "1 anomaly" : `${count} anomalies`} in ${toShortName(series.name)}`;
  const period = `${formatTime(start, clock)} to ${formatTime(end, clock)}`;
  const description = `${values.length} readings, ${period}. ${detection.anomalies
    .toSorted((a, b) => b.score - a.score)
    .slice(0, 10)
    .map((anomaly) => `${anomaly.time}: ${anomaly.reason}`)
    .join(" ")}`;

  const base = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escape(title)}</title><desc id="desc">${escape(description)}</desc>`,
    STYLE,
    `<rect class="page" width="${WIDTH}" height="${HEIGHT}"/>`,
    `<text class="head" x="${LEFT}" y="26">${escape(title)}</text><text class="label" x="${LEFT}" y="45">${escape(period)}</text>`,
    drawLegend(),
    ...valueTicks(low, high).map(
      (tick) =>
        `<path class="grid" d="M${LEFT} ${px(y(tick))}H${WIDTH - RIGHT}"/><text class="label" x="${LEFT - 8}" y="${px(y(tick) + 4)}" text-anchor="end">${escape(toShort(tick))}</text>`,
    ),
    ...timeTicks(start, end, clock).map(
      (tick) =>
        `<path class="grid" d="M${px(x(tick.at))} ${HEIGHT - BOTTOM}v5"/><text class="label" x="${px(x(tick.at))}" y="${HEIGHT - BOTTOM + 20}" text-anchor="middle">${escape(tick.label)}</text>`,
    ),
  ];
  const drawn = [
    `<path class="band" d="${drawBand(columns, y)}"/>`,
    `<path class="line" d="${drawLine(columns, y)}"/>`,
  ];
  const room = MAX_BYTES - bytesOf([...base, ...drawn, END].join("\n"));
  const { spans, markers } = drawAnomalies(series, detection, x, y, room);
  return [...base, ...spans, ...drawn, ...markers, END].join("\n");
}

const END = "</svg>";

const STYLE = `<style>
.page{fill:#fff}.head{font:600 17px system-ui,sans-serif;fill:#1b1f24}.label{font:12px system-ui,sans-serif;fill:#57606a}
.grid{stroke:#d8dee4;fill:none}.band{fill:#54aeff;fill-opacity:.25}.line{stroke:#0550ae;stroke-width:1.2;fill:none;stroke-linejoin:round}
.span{fill:#cf222e;fill-opacity:.13}.mark{fill:#cf222e;stroke:#fff;stroke-width:1.5}
@media (prefers-color-scheme:dark){.page{fill:#0d1117}.head{fill:#e6edf3}.label{fill:#9198a1}.grid{stroke:#30363d}
.band{fill:#388bfd;fill-opacity:.28}.line{stroke:#79c0ff}.span{fill:#ff7b72;fill-opacity:.2}.mark{fill:#ff7b72;stroke:#0d1117}}
</style>`;

/** What one column of pixels shows. */
interface Column {
  readonly x: number;
  /** Whether too long a time without readings lies before it. */
  readonly broken: boolean;
  readonly first: number;
  last: number;
  min: number;
  max: number;
  lower: number;
  upper: number;
}

function toColumns(
  { times, values }: Series,
  { lower, upper, step }: Detection,
  x: (time: number) => number,
): Column[] {
  const columns: Column[] = [];
  // Short series keep each reading; long ones keep what a pixel can show of them.
  const exact = values.length <= COLUMNS;
  for (let i = 0; i < values.length; i++) {
    const place = exact ? x(at(times, i)) : Math.round(x(at(times, i)) / COLUMN) * COLUMN;
    const value = at(values, i);
    const last = columns.at(-1);
    if (last?.x === place) {
      last.last = value;
      last.min = Math.min(last.min, value);
      last.max = Math.max(last.max, value);
      last.lower = Math.min(last.lower, at(lower, i));
      last.upper = Math.max(last.upper, at(upper, i));
      continue;
    }
    const broken = last === undefined || (place - last.x > 8 && at(times, i) - at(times, i - 1) > 3 * step);
    columns.push({
      x: place,
      broken,
      first: value,
      last: value,
      min: value,
      max: value,
      lower: at(lower, i),
      upper: at(upper, i),
    });
  }
  return columns;
}

function drawLine(columns: readonly Column[], y: (value: number) => number): string {
  return columns
    .map(({ x, broken, first, last, min, max }) => {
      const start = `${broken ? "M" : "L"}${px(x)} ${px(y(first))}`;
      return min === max ? start : `${start}V${px(y(min))}V${px(y(max))}V${px(y(last))}`;
    })
    .join("");
}

function drawBand(columns: readonly Column[], y: (value: number) => number): string {
  const upper = columns.map((column) => `${px(column.x)} ${Math.round(y(column.upper))}`);
  const lower = columns.map((column) => `${px(column.x)} ${Math.round(y(column.lower))}`).toReversed();
  return `M${upper.join("L")}L${lower.join("L")}Z`;
}

/** The most severe first, until there is no room for another. */
function drawAnomalies(
  { times }: Series,
  { spans, anomalies }: Detection,
  x: (time: number) => number,
  y: (value: number) => number,
  room: number,
): { readonly spans: string[]; readonly markers: string[] } {
  const drawn = { spans: [] as string[], markers: [] as string[] };
  let left = room;
  const bySeverity = anomalies
    .flatMap((anomaly, i) => (spans[i] ? [{ anomaly, span: spans[i] }] : []))
    .toSorted((a, b) => b.anomaly.score - a.anomaly.score);
  for (const [rank, { anomaly, span }] of bySeverity.entries()) {
    const start = x(at(times, span.from));
    const width = Math.max(3, x(at(times, span.to)) - start);
    const words = `${anomaly.time}: ${toShort(anomaly.value)}. ${anomaly.reason}`;
    const title = rank < MAX_TITLES ? `<title>${escape(words)}</title>` : "";
    const place = `cx="${px(x(at(times, span.peak)))}" cy="${px(y(anomaly.value))}" r="5"`;
    const marker = title === "" ? `<circle class="mark" ${place}/>` : `<circle class="mark" ${place}>${title}</circle>`;
    const area = `<rect class="span" x="${px(start)}" y="${TOP}" width="${px(width)}" height="${HEIGHT - TOP - BOTTOM}"/>`;
    left -= bytesOf(marker) + bytesOf(area) + 2;
    if (left < 0) break;
    drawn.spans.push(area);
    drawn.markers.push(marker);
  }
  return drawn;
}

function drawLegend(): string {
  const right = WIDTH - RIGHT;
  return (
    `<path class="line" d="M${right - 372} 22h26"/><text class="label" x="${right - 340}" y="26">readings</text>` +
    `<rect class="band" x="${right - 276}" y="15" width="26" height="14"/><text class="label" x="${right - 244}" y="26">expected of one reading</text>` +
    `<circle class="mark" cx="${right - 82}" cy="22" r="5"/><text class="label" x="${right - 70}" y="26">anomalies</text>`
  );
}

function toDomain(values: Float64Array): [number, number] {
  const low = values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity);
  const margin = (high - low) * 0.05 || Math.abs(high) * 0.1 || 1;
  return [low - margin, high + margin];
}

function toShortName(name: string): string {
  return name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name;
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}

const px = (position: number): string => String(Math.round(position * 10) / 10);

/** Also drops what XML 1.0 cannot hold at all. */
function escape(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

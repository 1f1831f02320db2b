export interface ParsedTime {
  /** Milliseconds since 1970; a time without a zone is read as if it were UTC. */
  readonly time: number;
  readonly zoned: boolean;
}

/**
 * Reads `2014-07-01 00:00:00`, ISO 8601 with or without a zone, `2-Jun-06` (with an optional time),
 * epoch seconds and epoch milliseconds. Anything else, ambiguous `03/04/2006` included, is undefined.
 */
export function parseTime(text: string): ParsedTime | undefined {
  const trimmed = text.trim();
  if (trimmed.length === 0 || trimmed.length > 40) return undefined;
  return fromCalendar(trimmed) ?? fromDayMonthName(trimmed) ?? fromEpoch(trimmed);
}

const CALENDAR =
  /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s?(Z|[+-]\d{2}:?\d{2})?$/i;
const DAY_MONTH_NAME = /^(\d{1,2})[- ]([A-Za-z]{3})[A-Za-z]{0,6}[- ](\d{4}|\d{2})(?: (\d{1,2}):(\d{2})(?::(\d{2}))?)?$/;
const EPOCH = /^\d{9,13}(?:\.\d{1,9})?$/;
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/** Two-digit years up to here are of this century, as POSIX strptime has it. */
const PIVOT = 68;

function fromCalendar(text: string): ParsedTime | undefined {
  const match = CALENDAR.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  const time = toTime(Number(year), Number(month), Number(day), [hour, minute, second]);
  if (time === undefined) return undefined;
  const millis = fraction === undefined ? 0 : Math.round(Number(`0.${fraction}`) * 1000);
  return { time: time + millis - toOffset(zone), zoned: zone !== undefined };
}

function fromDayMonthName(text: string): ParsedTime | undefined {
  const match = DAY_MONTH_NAME.exec(text);
  if (match === null) return undefined;
  const [, day, name = "", year = "", hour, minute, second] = match;
  const short = Number(year);
  const full = year.length === 4 ? short : short + (short <= PIVOT ? 2000 : 1900);
  const time = toTime(full, MONTHS.indexOf(name.toLowerCase()) + 1, Number(day), [hour, minute, second]);
  return time === undefined ? undefined : { time, zoned: false };
}

function fromEpoch(text: string): ParsedTime | undefined {
  if (!EPOCH.test(text)) return undefined;
  const number = Number(text);
  // 1e11 seconds are in the year 5138, 1e11 milliseconds in 1973.
  return { time: number < 1e11 ? number * 1000 : number, zoned: true };
}

function toTime(year: number, month: number, day: number, clock: (string | undefined)[]): number | undefined {
  const [hour = 0, minute = 0, second = 0] = clock.map((part) => Number(part ?? 0));
  if (hour > 24 || minute > 59 || second > 60) return undefined;
  const midnight = new Date(0);
  midnight.setUTCFullYear(year, month - 1, day);
  // A 31 June would silently become 1 July.
  if (midnight.getUTCMonth() !== month - 1 || midnight.getUTCDate() !== day) return undefined;
  return midnight.getTime() + ((hour * 60 + minute) * 60 + second) * 1000;
}

function toOffset(zone: string | undefined): number {
  if (zone === undefined || zone.toUpperCase() === "Z") return 0;
  const digits = zone.replace(":", "");
  const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5));
  return (zone.startsWith("-") ? -minutes : minutes) * 60_000;
}

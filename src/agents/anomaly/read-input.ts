import type { Message, Part } from "@a2a-js/sdk";
import { parseDataUrl } from "../data-url.ts";
import type { AnalysisInput } from "./analyze.ts";
import { fetchCsv } from "./fetch-csv.ts";
import { InputError } from "./series.ts";
import type { ColumnChoice } from "./series.ts";

export const INPUT_MODES = ["text/csv", "text/tab-separated-values", "text/plain", "application/json"] as const;

/**
 * Finds the series in a message: a file, a text with CSV in it, JSON rows, or a URL of an allowed host.
 * @returns undefined when the message holds no data at all
 * @throws InputError when it holds data that cannot be taken
 */
export async function readInput(
  message: Message,
  allowedHosts: readonly string[],
  signal: AbortSignal,
): Promise<AnalysisInput | undefined> {
  const found: (AnalysisInput | URL)[] = [];
  let options: ColumnChoice = {};
  for (const part of message.parts) {
    const input = fromPart(part, allowedHosts);
    if (input === undefined) continue;
    if (!(input instanceof URL) && input.options !== undefined) options = { ...options, ...input.options };
    if (input instanceof URL || "csv" in input || input.rows !== undefined) found.push(input);
  }
  const [input] = found;
  if (input === undefined) return undefined;
  if (found.length > 1) throw new InputError(`The message has ${found.length} series. Send one series per message.`);
  return input instanceof URL ? { csv: await fetchCsv(input, signal), options } : { ...input, options };
}

function fromPart(part: Part, allowedHosts: readonly string[]): AnalysisInput | URL | undefined {
  const { content } = part;
  switch (content?.$case) {
    case "raw":
      return fromFile(content.value, part.mediaType, part.filename);
    case "data":
      return fromData(content.value);
    case "text":
      return looksLikeCsv(content.value) ? { csv: content.value } : undefined;
    case "url":
      return fromUrl(content.value, part, allowedHosts);
    case undefined:
      return undefined;
  }
}

const CSV_TYPES = new Set([
  "text/csv",
  "application/csv",
  "text/tab-separated-values",
  "text/plain",
  "application/vnd.ms-excel",
]);
const CSV_NAME = /\.(?:csv|tsv|txt)$/i;

function fromFile(bytes: Uint8Array, mediaType: string, filename: string): AnalysisInput {
  const type = mediaType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const unnamed = type === "" || type === "application/octet-stream";
  if (type === "application/json" || (unnamed && /\.json$/i.test(filename))) return fromJson(bytes);
  if (CSV_TYPES.has(type) || (unnamed && (filename === "" || CSV_NAME.test(filename)))) return { csv: bytes };
  const what = unnamed ? `a file named ${JSON.stringify(filename)}` : `the media type ${JSON.stringify(type)}`;
  throw new InputError(
    `This agent cannot read ${what}. It accepts ${INPUT_MODES.join(", ")}, and JSON rows in a data part.`,
  );
}

function fromJson(bytes: Uint8Array): AnalysisInput {
  try {
    return fromData(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new InputError(`The JSON file cannot be read: ${error.message}.`, { cause: error });
  }
}

/** Rows alone, `{ rows, options }`, or `{ options }` beside a file. */
function fromData(data: unknown): AnalysisInput {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return { rows: data };
  const { rows, options, ...rest } = data as Record<string, unknown>;
  if (Object.keys(rest).length > 0) {
    throw new InputError("A data part must be an array of rows, or an object with only rows and options.");
  }
  return options === undefined ? { rows } : { rows, options: toChoice(options) };
}

function toChoice(options: unknown): ColumnChoice {
  const choice: { timeColumn?: string | number; valueColumn?: string | number } = {};
  for (const [key, value] of Object.entries(options ?? {})) {
    const known = key === "timeColumn" || key === "valueColumn";
    if (!known || (typeof value !== "string" && typeof value !== "number")) {
      throw new InputError(
        `Unknown option ${JSON.stringify(key)}: use timeColumn and valueColumn, each a name or a position.`,
      );
    }
    choice[key] = value;
  }
  return choice;
}

/** Several lines, most of them with a number: prose around a file has neither. */
function looksLikeCsv(text: string): boolean {
  const lines = text
    .slice(0, 4000)
    .trim()
    .split(/\r\n|\n|\r/);
  return lines.length > 3 && lines.filter((line) => /\d/.test(line)).length > lines.length / 2;
}

/** A `data:` URL has the file in it: there is nothing to fetch. */
function fromUrl(url: string, { mediaType, filename }: Part, allowedHosts: readonly string[]): AnalysisInput | URL {
  if (!/^data:/i.test(url)) return checkUrl(url, allowedHosts);
  const data = parseDataUrl(url);
  if (data === undefined) throw new InputError("The data: URL is malformed. Send the file as a part with raw bytes.");
  return fromFile(data.bytes, mediaType || data.mediaType, filename);
}

function checkUrl(address: string, allowedHosts: readonly string[]): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === "https:" && allowedHosts.includes(url.host)) return url;
  const allowed =
    allowedHosts.length === 0 ? "No host is allowed" : `Allowed: https URLs of ${allowedHosts.join(", ")}`;
  throw new InputError(
    `This agent does not fetch that URL. ${allowed}. Send the file itself as a part with raw bytes.`,
  );
}

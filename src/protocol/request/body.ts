import { BodyTooLargeError } from "../../ports/http-exchange.ts";
import type { HttpRequest } from "../../ports/http-exchange.ts";
import { EdgeError } from "./edge-fault.ts";
import { isTooDeep } from "./json-depth.ts";

export interface BodyLimits {
  /** Bytes. */
  readonly maxBody: number;
  /** Levels of nesting. */
  readonly maxDepth: number;
}

/**
 * Parses the JSON of a request's body; undefined when the body is empty.
 * @throws EdgeError `media-type`, `content-encoding`, `too-large`, `bad-json`, `invalid-request` (nested too deep)
 */
export async function readJson(request: HttpRequest, limits: BodyLimits): Promise<unknown> {
  const text = await readText(request, limits.maxBody);
  if (text === "") {
    return undefined;
  }
  refuseEncoding(request.header("content-encoding"));
  requireJson(request.header("content-type"));
  if (isTooDeep(text, limits.maxDepth)) {
    throw new EdgeError({
      code: "invalid-request",
      message: `The JSON is nested too deeply. The limit is ${limits.maxDepth} levels.`,
    });
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new EdgeError({ code: "bad-json", message: "The request body is not valid JSON." });
  }
}

/** Compressed bodies are refused: a limit on their bytes would not limit the JSON, and no A2A client sends them. */
function refuseEncoding(contentEncoding: string | undefined): void {
  const encoding = contentEncoding?.trim().toLowerCase() ?? "";
  if (encoding !== "" && encoding !== "identity") {
    const message = `Content-Encoding ${JSON.stringify(encoding.slice(0, 40))} is not supported; send the body uncompressed.`;
    throw new EdgeError({ code: "content-encoding", message });
  }
}

function requireJson(contentType: string | undefined): void {
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json" && type !== "application/a2a+json") {
    const found = type === undefined ? "is missing" : `is ${JSON.stringify(type.slice(0, 80))}`;
    const message = `Content-Type ${found}; use application/json or application/a2a+json.`;
    throw new EdgeError({ code: "media-type", message });
  }
}

async function readText(request: HttpRequest, limit: number): Promise<string> {
  try {
    return await request.readText(limit);
  } catch (error) {
    if (error instanceof BodyTooLargeError) {
      throw new EdgeError({ code: "too-large", limit });
    }
    // A client that leaves is no fault of the gateway's, which would go into its log.
    throw request.signal.aborted
      ? new EdgeError({ code: "bad-json", message: "The request ended before its body did." })
      : error;
  }
}

import { EdgeError } from "./edge-fault.ts";
import { isTooDeep } from "./json-depth.ts";

export interface BodyLimits {
  /** Bytes. */
  readonly maxBody: number;
  /** Levels of nesting. */
  readonly maxDepth: number;
}

/**
 * The JSON of a request's body, undefined when there is no body.
 * @throws EdgeError `media-type`, `content-encoding`, `too-large`, `bad-json`, `invalid-request` (nested too deep)
 */
export async function readJson(request: Request, limits: BodyLimits): Promise<unknown> {
  const text = await readText(request, limits.maxBody);
  if (text === "") {
    return undefined;
  }
  refuseEncoding(request.headers.get("content-encoding"));
  requireJson(request.headers.get("content-type"));
  if (isTooDeep(text, limits.maxDepth)) {
    throw new EdgeError({
      code: "invalid-request",
      message: `The JSON is nested deeper than ${limits.maxDepth} levels.`,
    });
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new EdgeError({ code: "bad-json", message: "Invalid JSON payload." });
  }
}

/** Bodies are bounded by their bytes, which says nothing of a compressed one; no client of A2A compresses. */
function refuseEncoding(contentEncoding: string | null): void {
  const encoding = contentEncoding?.trim().toLowerCase() ?? "";
  if (encoding !== "" && encoding !== "identity") {
    const message = `Content-Encoding ${JSON.stringify(encoding.slice(0, 40))} is not supported; send the body uncompressed.`;
    throw new EdgeError({ code: "content-encoding", message });
  }
}

function requireJson(contentType: string | null): void {
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json" && type !== "application/a2a+json") {
    const message = `Send the body as application/json or application/a2a+json, not ${JSON.stringify(type ?? "without a content type")}.`;
    throw new EdgeError({ code: "media-type", message });
  }
}

async function readText(request: Request, maxBody: number): Promise<string> {
  const length = request.headers.get("content-length");
  if (length === null) {
    return readBounded(request.body, maxBody);
  }
  if (Number(length) > maxBody) {
    throw new EdgeError({ code: "too-large", limit: maxBody });
  }
  // HTTP holds a body to its declared length.
  return request.text();
}

async function readBounded(body: ReadableStream<Uint8Array> | null, maxBody: number): Promise<string> {
  if (!body) {
    return "";
  }
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = "";
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return text + decoder.decode();
    }
    bytes += value.byteLength;
    if (bytes > maxBody) {
      await reader.cancel().catch(() => {});
      throw new EdgeError({ code: "too-large", limit: maxBody });
    }
    text += decoder.decode(value, { stream: true });
  }
}

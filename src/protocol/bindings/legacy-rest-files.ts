import type { HttpRequest } from "../../ports/http-exchange.ts";
import { isFetchClient } from "../request/fetch-client.ts";

/**
 * How often the bytes of a file are base64-encoded in A2A 0.3 over HTTP+JSON (docs/decisions/0012). A file in the JSON
 * schema of 0.3 has base64 text. The Go, Python and Java SDKs put that text into the `bytes` of a2a.proto, which
 * ProtoJSON encodes again. The JavaScript SDK encodes once.
 */
export type FileEncoding = "once" | "twice";

export function toFileEncoding(request: Pick<HttpRequest, "header">): FileEncoding {
  return isFetchClient(request) ? "once" : "twice";
}

/** A file's bytes in 1.0 form: base64-encoded once. Invalid base64 is kept, and the checks of 1.0 refuse it. */
export function fromLegacyBytes(value: unknown, encoding: FileEncoding): unknown {
  if (encoding === "once" || typeof value !== "string" || value === "") {
    return value;
  }
  const inner = decode(value);
  // Clients without an SDK encode once.
  return inner !== undefined && isBase64(inner) ? inner : value;
}

/** `base64` is encoded once. */
export function toLegacyBytes(base64: string, encoding: FileEncoding): string {
  return encoding === "once" ? base64 : btoa(base64);
}

function decode(base64: string): string | undefined {
  try {
    return atob(base64.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return undefined;
  }
}

/** Whether text is padded base64 without other characters. */
function isBase64(text: string): boolean {
  return text.length > 0 && text.length % 4 === 0 && /^[A-Za-z0-9+/_-]*={0,2}$/.test(text);
}

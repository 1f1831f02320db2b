import type { HttpRequest } from "../../ports/http-exchange.ts";
import { isFetchClient } from "../request/fetch-client.ts";

/**
 * How often the bytes of a file are base64 in v0.3 over HTTP+JSON (docs/decisions/0012). The file of v0.3's JSON schema
 * has base64 text; the Go, Python and Java SDKs put that text into the `bytes` of a2a.proto, which ProtoJSON encodes
 * again. The JavaScript SDK encodes once.
 */
export type FileEncoding = "once" | "twice";

export function toFileEncoding(request: Pick<HttpRequest, "header">): FileEncoding {
  return isFetchClient(request) ? "once" : "twice";
}

/** A file's bytes as 1.0 has them: base64 once. What is not base64 passes as it is: the checks of 1.0 name it. */
export function fromLegacyBytes(value: unknown, encoding: FileEncoding): unknown {
  if (encoding === "once" || typeof value !== "string" || value === "") {
    return value;
  }
  const inner = decode(value);
  // Clients that are none of the SDKs encode once.
  return inner !== undefined && isBase64(inner) ? inner : value;
}

/** `base64` is base64 once. */
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

/** As an encoder writes it: padded, and nothing else in it. */
function isBase64(text: string): boolean {
  return text.length > 0 && text.length % 4 === 0 && /^[A-Za-z0-9+/_-]*={0,2}$/.test(text);
}

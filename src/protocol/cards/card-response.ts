import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

/** Seconds that a client may go on using a card without asking. */
const MAX_AGE = 300;

/**
 * A card with what caches need (specification 8.6), or 304 when the client has it. `changedAt` in ms since the epoch.
 * `unsigned` is what the tag is made of: instances sign the same card differently, and each signature is as good.
 */
export function toCardResponse(request: Request, card: unknown, changedAt: number, unsigned = card): Response {
  const body = JSON.stringify(card);
  const etag = `"${bytesToHex(sha256(utf8ToBytes(JSON.stringify(unsigned)))).slice(0, 32)}"`;
  const headers = {
    etag,
    "last-modified": new Date(changedAt).toUTCString(),
    "cache-control": `public, max-age=${MAX_AGE}`,
    vary: "A2A-Version",
  };
  return isFresh(request.headers, etag, changedAt)
    ? new Response(null, { status: 304, headers })
    : new Response(body, { headers: { ...headers, "content-type": "application/json" } });
}

/** If-None-Match, when there is one, overrules If-Modified-Since (RFC 9110, 13.1.3). */
function isFresh(headers: Headers, etag: string, changedAt: number): boolean {
  const known = headers.get("if-none-match");
  if (known !== null) {
    return known.split(",").some((one) => one.trim() === "*" || one.trim().replace(/^W\//, "") === etag);
  }
  const since = Date.parse(headers.get("if-modified-since") ?? "");
  return Math.floor(changedAt / 1_000) * 1_000 <= since;
}

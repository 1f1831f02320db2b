import type { AgentExtension } from "@a2a-js/sdk";
import { invalid } from "../../tasks/task-fault.ts";
import { isRecord } from "./field-checks.ts";

/** Replay of missed events, and idempotent sends (docs/extensions/durable-v1.md). */
const durableExtension = "urn:a2a-azure-gateway:durable:v1";

/** What the card declares and `A2A-Extensions` echoes. */
export const declaredExtensions: readonly AgentExtension[] = [
  {
    uri: durableExtension,
    description: "Streams go on after Last-Event-ID without a gap, and a message that is sent again is taken once.",
    required: false,
    params: undefined,
  },
];

/** The value of `A2A-Extensions` (in v0.3 `X-A2A-Extensions`), as URIs. */
export function parseExtensions(header: string | undefined): readonly string[] {
  return header === undefined ? [] : header.split(",").flatMap((uri) => uri.trim() || []);
}

/** What of the requested extensions this gateway activates, for the response's header; empty when nothing. */
export function toActivated(requested: readonly string[]): string {
  return declaredExtensions.flatMap(({ uri }) => (requested.includes(uri) ? uri : [])).join(", ");
}

/** The generation after which a replay begins. SSE libraries send the header by themselves: only with the extension does it count. */
export function parseLastEventId(
  requested: readonly string[],
  header: string | undefined,
  query: string | undefined,
): number | undefined {
  const named = header ?? query;
  if (named === undefined || !requested.includes(durableExtension)) {
    return undefined;
  }
  if (!/^\d{1,10}$/.test(named)) {
    throw invalid(
      header === undefined ? "lastEventId" : "Last-Event-ID",
      "must be the id of an event: an integer, 0 or more",
    );
  }
  return Number(named);
}

/** Of a send. The header counts always; with the extension a message without it has its own id for a key. */
export function parseIdempotencyKey(
  requested: readonly string[],
  header: string | undefined,
  message: unknown,
): string | undefined {
  if (!isRecord(message)) {
    return undefined;
  }
  if (header === undefined) {
    const id = message["messageId"] ?? message["message_id"];
    return typeof id === "string" && requested.includes(durableExtension) ? id : undefined;
  }
  if (!/^[\x21-\x7e]{1,255}$/.test(header)) {
    throw invalid("Idempotency-Key", "must be 1 to 255 visible ASCII characters");
  }
  return header;
}

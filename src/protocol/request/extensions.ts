import type { AgentExtension } from "@a2a-js/sdk";
import { invalid } from "../../tasks/task-fault.ts";
import { isRecord } from "./field-checks.ts";

/** Replay of missed events and idempotent sends (docs/extensions/durable-v1.md). */
const durableExtension = "urn:a2a-azure-gateway:durable:v1";

/** The extensions that the card declares. The response's `A2A-Extensions` lists those that were activated. */
export const declaredExtensions: readonly AgentExtension[] = [
  {
    uri: durableExtension,
    description:
      "Streams continue after Last-Event-ID without a gap, and a message that is sent again is accepted once.",
    required: false,
    params: undefined,
  },
];

/** Parses the header `A2A-Extensions` (in 0.3 `X-A2A-Extensions`) into URIs. */
export function parseExtensions(header: string | undefined): readonly string[] {
  return header === undefined ? [] : header.split(",").flatMap((uri) => uri.trim() || []);
}

/** The response's header: the requested extensions that this gateway supports; `""` when there are none. */
export function toActivated(requested: readonly string[]): string {
  return declaredExtensions.flatMap(({ uri }) => (requested.includes(uri) ? uri : [])).join(", ");
}

/**
 * The generation after which a replay begins. Ignored without the extension, because SSE libraries send the header on
 * their own. @throws TaskError `invalid`
 */
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
      "must be the id of an event, a non-negative integer",
    );
  }
  return Number(named);
}

/**
 * The idempotency key of a send. The header is used with and without the extension. With the extension and without the
 * header, the key is the message's id. @throws TaskError `invalid`
 */
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

import { jsonAnswer } from "../../ports/http-exchange.ts";
import type { HttpAnswer } from "../../ports/http-exchange.ts";

const NAMES = { 400: "INVALID_ARGUMENT", 503: "UNAVAILABLE" } as const;

/** An answer of the host itself, when the gateway cannot: a google.rpc.Status, as the gateway's own errors are. */
export function statusAnswer(
  code: keyof typeof NAMES,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  return jsonAnswer({ error: { code, status: NAMES[code], message, details: [] } }, code, headers);
}

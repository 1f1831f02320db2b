import { isRestError } from "@azure/keyvault-secrets";

/**
 * Why a request to the vault failed, in our own words: the SDK's errors quote answers that it cannot parse, and contain
 * the request with its token.
 */
export function toReason(error: unknown): string {
  if (isRestError(error) && error.statusCode !== undefined && error.statusCode >= 400) {
    return `answered ${error.statusCode}`;
  }
  if (isRestError(error) && error.code !== undefined && /^[A-Z_]{1,40}$/.test(error.code)) {
    return error.code;
  }
  const name = error instanceof Error ? error.name : "";
  return REASONS.get(name) ?? (/^[A-Z][A-Za-z]{1,60}$/.test(name) ? name : "failed");
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ["AbortError", "no answer in time"],
  ["TimeoutError", "no answer in time"],
  ["ThrottledError", "throttled"],
]);

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";
import type { OutgoingTokens, TokenRequest } from "../../ports/outgoing-tokens.ts";

export interface IssuedToken {
  readonly token: string;
  /** From now on, in ms. */
  readonly lifetime: number;
}

interface Entry {
  current:
    | { readonly token: string; readonly issuedAt: number; readonly renewAt: number; readonly endsAt: number }
    | undefined;
  asking: Promise<string> | undefined;
  failure: { readonly error: unknown; readonly at: number } | undefined;
}

/** Most cached tokens. */
const MAX_KEPT = 1_000;
/** In ms. A token that expires sooner is not returned, because the request takes time. */
const LEEWAY = 5_000;
/** In ms. A younger token is not dropped: an agent that refuses every token must not cause a request per call. */
const TOO_YOUNG = 5_000;
/** Pause between two attempts while the issuer fails, in ms. */
const PAUSE = 1_000;
/** The same while the cached token is still valid. */
const RENEWAL_PAUSE = 5_000;

/**
 * Caches tokens. Concurrent requests for the same token share one request to the issuer. A token is renewed in the
 * background, at its first use after four fifths of its lifetime. While the issuer is down it is used until it expires.
 */
export function createTokenCache(
  ask: (request: TokenRequest) => Promise<IssuedToken>,
  clock: Clock,
  logger: Logger,
): OutgoingTokens {
  const entries = new Map<string, Entry>();

  return {
    async get(request) {
      const entry = entryOf(request);
      const { current, failure } = entry;
      const now = clock.monotonic();
      const quiet = failure ? now - failure.at : Number.POSITIVE_INFINITY;
      if (!current || now >= current.endsAt - LEEWAY) {
        if (failure && quiet < PAUSE) {
          throw failure.error;
        }
        return renew(entry, request);
      }
      if (now >= current.renewAt && !entry.asking && quiet >= RENEWAL_PAUSE) {
        renew(entry, request).catch((error: unknown) => {
          logger.warn("token.renewal-failed", { resource: request.resource, error: String(error) });
        });
      }
      return current.token;
    },
    drop(request, token) {
      const entry = entries.get(nameOf(request));
      if (entry?.current?.token === token && clock.monotonic() - entry.current.issuedAt >= TOO_YOUNG) {
        entry.current = undefined;
      }
    },
  };

  function entryOf(request: TokenRequest): Entry {
    const name = nameOf(request);
    const entry = entries.get(name) ?? { current: undefined, asking: undefined, failure: undefined };
    // Moved to the end: the first entry is the least recently used one.
    entries.delete(name);
    entries.set(name, entry);
    const [oldest] = entries.keys();
    if (entries.size > MAX_KEPT && oldest !== undefined) {
      entries.delete(oldest);
    }
    return entry;
  }

  function renew(entry: Entry, request: TokenRequest): Promise<string> {
    entry.asking ??= issue(entry, request).finally(() => {
      entry.asking = undefined;
    });
    return entry.asking;
  }

  async function issue(entry: Entry, request: TokenRequest): Promise<string> {
    const issuedAt = clock.monotonic();
    try {
      const { token, lifetime } = await ask(request);
      entry.current = { token, issuedAt, renewAt: issuedAt + lifetime * 0.8, endsAt: issuedAt + lifetime };
      entry.failure = undefined;
      return token;
    } catch (error) {
      entry.failure = { error, at: clock.monotonic() };
      throw error;
    }
  }
}

/** Hashed, so that a caller's own token is not kept in memory after its call. */
function nameOf({ resource, scope, onBehalfOf = "" }: TokenRequest): string {
  return JSON.stringify([resource, scope, onBehalfOf && bytesToHex(sha256(utf8ToBytes(onBehalfOf)))]);
}

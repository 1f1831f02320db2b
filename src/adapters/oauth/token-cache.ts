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

/** Tokens that are kept at once; those for one caller's behalf come and go. */
const MAX_KEPT = 1_000;
/** All in ms. A token is not given when it ends within this: it has a way to go. */
const LEEWAY = 5_000;
/** A token as young as this is not dropped: an agent that refuses everything must not make us ask for every call. */
const TOO_YOUNG = 5_000;
/** Between two attempts while the issuer gives none. */
const PAUSE = 1_000;
/** The same, while the one that is known still counts. */
const RENEWAL_PAUSE = 5_000;

/**
 * One token for all who need the same one, renewed after four fifths of its life by whoever needs it next, and asked for
 * once however many wait. While the issuer is down the one that is known goes on until its end.
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
    // Moved to the end: the first is the one that nobody needed for longest.
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

/** A caller's own token is not kept in the clear for longer than its call. */
function nameOf({ resource, scope, onBehalfOf = "" }: TokenRequest): string {
  return JSON.stringify([resource, scope, onBehalfOf && bytesToHex(sha256(utf8ToBytes(onBehalfOf)))]);
}

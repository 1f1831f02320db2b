import type { Clock } from "../ports/clock.ts";
import type { Identity } from "./identity.ts";

/** Identities of verified tokens: a caller sends the same token many times, and its signature is checked once. */
export interface VerifiedTokens {
  /** Undefined for a token that is unknown or expired, or whose key is no longer valid. */
  find(token: string): Identity | undefined;
  /** `isSigned` says whether the key that signed it is still valid. */
  keep(token: string, identity: Identity, isSigned: () => boolean): void;
}

interface Verified {
  readonly identity: Identity;
  readonly isSigned: () => boolean;
}

/** Most cached tokens; the one that was verified first is evicted first. */
const MAX_KEPT = 10_000;

export function createVerifiedTokens(clock: Clock): VerifiedTokens {
  const kept = new Map<string, Verified>();

  return {
    find(token) {
      const known = kept.get(token);
      if (known && known.isSigned() && clock.now() < (known.identity.expiresAt ?? 0)) {
        return known.identity;
      }
      kept.delete(token);
      return undefined;
    },
    keep(token, identity, isSigned) {
      kept.set(token, { identity, isSigned });
      const [first] = kept.keys();
      if (kept.size > MAX_KEPT && first !== undefined) {
        kept.delete(first);
      }
    },
  };
}

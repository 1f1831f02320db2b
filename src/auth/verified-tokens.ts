import type { Clock } from "../ports/clock.ts";
import type { Identity } from "./identity.ts";

/** What verified tokens proved: a caller shows the same one again and again, and its signature need not be checked anew. */
export interface VerifiedTokens {
  /** Undefined for a token that is not known, has ended, or whose key no longer counts. */
  find(token: string): Identity | undefined;
  /** `isSigned` says whether the key that it was verified with still counts. */
  keep(token: string, identity: Identity, isSigned: () => boolean): void;
}

interface Verified {
  readonly identity: Identity;
  readonly isSigned: () => boolean;
}

/** Tokens that are kept at once; the one that was verified first goes first. */
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

import type { Clock } from "../ports/clock.ts";
import type { IssuerKeys, PublicJwk } from "../ports/issuer-keys.ts";
import type { Logger } from "../ports/logger.ts";
import { delay } from "../ports/clock.ts";

/** The signing keys of one issuer, fetched when needed and cached. */
export interface SigningKeys {
  /**
   * The keys with this key id, all keys without one; empty if the issuer has none with that id.
   * @throws the error of the request to the issuer, if there are no cached keys
   */
  find(kid: string | undefined): Promise<readonly PublicJwk[]>;
  /** Says why no token can be verified; undefined if tokens can be. Asks the issuer if there are no cached keys. */
  readonly problem: () => Promise<string | undefined>;
  /** Whether a key that `find` returned is still valid, as far as is known. */
  holds(key: PublicJwk): boolean;
}

/** All in ms. */
export interface KeyTimes {
  /** Keys of this age are fetched again. */
  readonly fresh: number;
  /** Keys of this age expire, even if the issuer cannot be reached. */
  readonly stale: number;
  /** Shortest time between two requests to an issuer, whatever callers send. */
  readonly pause: number;
}

export const KEY_TIMES: KeyTimes = { fresh: 600_000, stale: 86_400_000, pause: 5_000 };

/**
 * An unknown key id causes a request to the issuer: one for all waiting calls, and at least `pause` after the last one. So a
 * token signed with a brand-new key waits for the response instead of being refused, and invented key ids cannot make the
 * gateway flood its identity provider (docs/decisions/0011-the-gateway-caches-signing-keys-itself.md).
 */
export function createSigningKeys(
  issuer: string,
  source: IssuerKeys,
  clock: Clock,
  logger: Logger,
  times: KeyTimes = KEY_TIMES,
): SigningKeys {
  let keys: readonly PublicJwk[] = [];
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;
  let failed: string | undefined;

  return {
    async problem() {
      dropStale();
      if (keys.length > 0) {
        return undefined;
      }
      const asked = ask().catch(() => {});
      if (failed === undefined) {
        // After a failure the next request may have to wait, and the last answer is as true.
        await asked;
      }
      return keys.length > 0 ? undefined : (failed ?? "it has published no keys");
    },
    holds(key) {
      dropStale();
      return keys.includes(key);
    },
    async find(kid) {
      const came = clock.monotonic();
      dropStale();
      for (;;) {
        const known = kid === undefined ? keys : keys.filter((key) => key.kid === kid);
        // A response from before this call may be older than the key that signed the token.
        if (known.length > 0 || fetchedAt >= came) {
          return known;
        }
        await ask();
      }
    },
  };

  function dropStale(): void {
    const age = clock.monotonic() - fetchedAt;
    if (age >= times.stale) {
      keys = [];
    } else if (age >= times.fresh) {
      // In the background: the current keys stay valid until the response arrives.
      ask().catch(() => {});
    }
  }

  /** One request at a time, for all waiting calls. */
  function ask(): Promise<void> {
    asking ??= load().finally(() => {
      asking = undefined;
    });
    return asking;
  }

  async function load(): Promise<void> {
    const early = askedAt + times.pause - clock.monotonic();
    if (early > 0) {
      await delay(clock, early);
    }
    askedAt = clock.monotonic();
    try {
      keys = await source.load(issuer);
      fetchedAt = askedAt;
      failed = undefined;
    } catch (error) {
      failed = "its keys could not be fetched";
      logger.warn("auth.key-fetch-failed", { issuer, error: String(error) });
      throw error;
    }
  }
}

import type { Clock } from "../ports/clock.ts";
import type { IssuerKeys, PublicJwk } from "../ports/issuer-keys.ts";
import type { Logger } from "../ports/logger.ts";
import { delay } from "../ports/clock.ts";

/** The keys of one issuer, fetched when they are needed and kept while they may be. */
export interface SigningKeys {
  /**
   * Those that a token with this key id may be signed with; empty when the issuer has none of that id.
   * @throws what kept the keys from being had at all
   */
  find(kid: string | undefined): Promise<readonly PublicJwk[]>;
  /** Whether one that `find` gave still counts, as far as is known. */
  holds(key: PublicJwk): boolean;
}

/** All in ms. */
export interface KeyTimes {
  /** Keys of this age are asked for again. */
  readonly fresh: number;
  /** Keys of this age no longer count, though the issuer cannot be reached. */
  readonly stale: number;
  /** Between two requests to an issuer, whatever callers send. */
  readonly pause: number;
}

export const KEY_TIMES: KeyTimes = { fresh: 600_000, stale: 86_400_000, pause: 5_000 };

/**
 * A key id that is not known makes the issuer be asked, once for all who wait and never sooner than `pause` after the
 * last time: a token signed with a key of this very second waits for that answer instead of being refused, and whoever
 * invents key ids cannot make this gateway hammer its identity provider.
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

  return {
    holds(key) {
      dropStale();
      return keys.includes(key);
    },
    async find(kid) {
      const came = clock.monotonic();
      dropStale();
      for (;;) {
        const known = kid === undefined ? keys : keys.filter((key) => key.kid === kid);
        // What the issuer said before this call may be what it said before it signed.
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
      // Nobody waits for it: until the answer is here the keys of before count.
      ask().catch(() => {});
    }
  }

  /** One request at a time, for all who wait. */
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
    } catch (error) {
      logger.warn("auth.key-fetch-failed", { issuer, error: String(error) });
      throw error;
    }
  }
}

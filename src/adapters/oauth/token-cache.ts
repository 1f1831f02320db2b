import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";
import type { OutgoingTokens, TokenRequest } from "../../ports/outgoing-tokens.ts";

export interface IssuedToken {
  readonly token: string;
  /** From now on, in ms. */
  readonly lifetime: number;
}

interface Entry {
  current: { readonly token: string; readonly renewAt: number; readonly expiresAt: number } | undefined;
  asking: Promise<string> | undefined;
}

/** Tokens that are kept at once; those for one caller's behalf come and go. */
const MAX_KEPT = 1_000;

/**
 * One token for all who need the same one, renewed after four fifths of its life while it is still used, and asked for
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
      const now = clock.monotonic();
      if (!entry.current || now >= entry.current.expiresAt) {
        return renew(entry, request);
      }
      if (now >= entry.current.renewAt) {
        renew(entry, request).catch((error: unknown) => {
          logger.warn("token.not-renewed", { resource: request.resource, error: String(error) });
        });
      }
      return entry.current.token;
    },
    drop(request, token) {
      const entry = entries.get(nameOf(request));
      if (entry?.current?.token === token) {
        entry.current = undefined;
      }
    },
  };

  function entryOf(request: TokenRequest): Entry {
    const name = nameOf(request);
    const entry = entries.get(name) ?? { current: undefined, asking: undefined };
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
    entry.asking ??= (async () => {
      try {
        const asked = clock.monotonic();
        const { token, lifetime } = await ask(request);
        entry.current = { token, renewAt: asked + lifetime * 0.8, expiresAt: asked + lifetime };
        return token;
      } finally {
        entry.asking = undefined;
      }
    })();
    return entry.asking;
  }
}

function nameOf({ resource, scope, onBehalfOf }: TokenRequest): string {
  return JSON.stringify([resource, scope, onBehalfOf]);
}

import type { TokenCredential } from "@azure/identity";
import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";
import type { OutgoingTokens } from "../../ports/outgoing-tokens.ts";
import { createTokenCache } from "./token-cache.ts";

/** For one answer of the identity endpoint, in ms. */
const TIMEOUT = 5_000;

/** Entra's tokens for this app's managed identity: no secret at all. They are nobody's behalf. */
export function createManagedIdentityTokens(credential: TokenCredential, clock: Clock, logger: Logger): OutgoingTokens {
  return createTokenCache(
    async ({ resource, scope, onBehalfOf }) => {
      if (onBehalfOf !== undefined) {
        throw new Error("a managed identity cannot act on a caller's behalf: use a client of the issuer");
      }
      const abortSignal = AbortSignal.timeout(TIMEOUT);
      const asked = credential.getToken(scope ?? `${resource}/.default`, { abortSignal });
      // What the identity endpoint says of itself may hold more than it should.
      const answer = await asked.catch(() => null);
      if (!answer) {
        throw new Error(`the managed identity has no token for ${resource}`);
      }
      return { token: answer.token, lifetime: answer.expiresOnTimestamp - clock.now() };
    },
    clock,
    logger,
  );
}

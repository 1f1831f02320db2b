import type { TokenCredential } from "@azure/identity";
import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";
import type { OutgoingTokens } from "../../ports/outgoing-tokens.ts";
import { limitCredential } from "../identity/default-credential.ts";
import { createTokenCache } from "./token-cache.ts";

/** Time limit for a response of the identity endpoint, in ms. */
const TIMEOUT = 5_000;

/** Entra's tokens for this app's managed identity. They need no secret, and cannot act on behalf of a caller. */
export function createManagedIdentityTokens(credential: TokenCredential, clock: Clock, logger: Logger): OutgoingTokens {
  const limited = limitCredential(credential, TIMEOUT);
  return createTokenCache(
    async ({ resource, scope, onBehalfOf }) => {
      if (onBehalfOf !== undefined) {
        throw new Error("a managed identity cannot act on behalf of a caller; use a client of the issuer");
      }
      const abortSignal = AbortSignal.timeout(TIMEOUT);
      const asked = limited.getToken(scope ?? `${resource}/.default`, { abortSignal });
      // The error of the identity endpoint may contain confidential details.
      const answer = await asked.catch(() => null);
      if (!answer) {
        throw new Error(`the managed identity got no token for ${resource}`);
      }
      return { token: answer.token, lifetime: answer.expiresOnTimestamp - clock.now() };
    },
    clock,
    logger,
  );
}

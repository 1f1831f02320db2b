import { createIssuerKeys } from "../adapters/openid/issuer-keys.ts";
import type { GatewayDefinition } from "../agents/define-gateway.ts";
import { createAuthenticate } from "../auth/authenticate.ts";
import type { Authenticate } from "../auth/identity.ts";
import { createSigningKeys } from "../auth/signing-keys.ts";
import type { SigningKeys } from "../auth/signing-keys.ts";
import { toTrustedIssuers } from "../auth/trusted-issuer.ts";
import type { TrustedIssuer } from "../auth/trusted-issuer.ts";
import { ConfigError } from "../config/config.ts";
import type { Config } from "../config/config.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";

/** The issuers of AUTH_ISSUER and of the gateway config. @throws ConfigError if there is none, or one is invalid */
export function readIssuers(config: Config, { issuers: details = [] }: GatewayDefinition): readonly TrustedIssuer[] {
  if (config.AUTH_ISSUER.length + details.length === 0) {
    const otherwise = "or AUTH_MODE=none to serve all requests on a loopback address";
    throw new ConfigError(`No issuer is configured. Set AUTH_ISSUER, or issuers in the gateway config, ${otherwise}.`);
  }
  try {
    return toTrustedIssuers(config.AUTH_ISSUER, details, {
      audiences: config.AUTH_AUDIENCE,
      requiredRole: config.AUTH_REQUIRED_ROLE,
      maxTokenLifetime: config.AUTH_MAX_TOKEN_LIFETIME / 1_000,
    });
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** The keys of each issuer, by its name. */
export function openSigningKeys(
  issuers: readonly TrustedIssuer[],
  clock: Clock,
  logger: Logger,
): ReadonlyMap<string, SigningKeys> {
  const source = createIssuerKeys();
  return new Map(issuers.map(({ issuer }) => [issuer, createSigningKeys(issuer, source, clock, logger)]));
}

/** Verifies tokens with the keys that their issuers publish. */
export function verifyTokens(
  issuers: readonly TrustedIssuer[],
  keys: ReadonlyMap<string, SigningKeys>,
  clock: Clock,
): Authenticate {
  return createAuthenticate({
    issuers,
    clock,
    keysOf(issuer) {
      const found = keys.get(issuer);
      if (!found) {
        throw new RangeError(`issuer ${issuer} has no signing keys`);
      }
      return found;
    },
  });
}

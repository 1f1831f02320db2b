import type { GetTokenOptions, TokenCredential } from "@azure/identity";
import { isRestError, SecretClient } from "@azure/keyvault-secrets";
import type { SecretClientOptions, SecretProperties } from "@azure/keyvault-secrets";
import type { Clock } from "../../ports/clock.ts";
import { createThrottle } from "./throttle.ts";
import type { Throttle } from "./throttle.ts";
import type { SecretVersion } from "./versions.ts";
import { within } from "./within.ts";

/** A Key Vault. Its errors may quote the vault's answers: do not log or return them. */
export interface Vault {
  /** All versions of a secret, unordered; none if the secret does not exist. */
  list(name: string): Promise<readonly SecretVersion[]>;
  /** The value of a version; undefined if it was deleted. */
  read(name: string, id: string): Promise<string | undefined>;
  /** How long the vault refuses requests, in ms. */
  pause(): number;
}

export interface VaultParts {
  readonly vaultUrl: string;
  readonly credential: TokenCredential;
  readonly clock: Clock;
  /** TLS options of the SDK's client. */
  readonly client?: Pick<SecretClientOptions, "tlsOptions" | "disableChallengeResourceVerification">;
}

export function createVault({ vaultUrl, credential, clock, client }: VaultParts): Vault {
  const throttle = createThrottle(clock);
  const secrets = new SecretClient(vaultUrl, asked(credential, clock), {
    ...client,
    retryOptions: { maxRetries: 2, retryDelayInMs: 200, maxRetryDelayInMs: 1_000 },
    additionalPolicies: [requestPolicy(clock, throttle)],
  });
  return {
    async list(name) {
      const versions: SecretVersion[] = [];
      try {
        for await (const properties of secrets.listPropertiesOfSecretVersions(name)) {
          versions.push(toVersion(properties));
        }
      } catch (error) {
        if (!isGone(error)) throw error;
      }
      return versions;
    },
    async read(name, id) {
      try {
        return (await secrets.getSecret(name, { version: id })).value;
      } catch (error) {
        if (isGone(error)) return undefined;
        throw error;
      }
    },
    pause: () => throttle.pause(),
  };
}

/** Time limit for one attempt of a request including its body, and for a token, in ms. */
const TIMEOUT = 5_000;

/** The library applies its options only to the first page of a list, so each attempt is limited here. */
function requestPolicy(
  clock: Clock,
  throttle: Throttle,
): NonNullable<SecretClientOptions["additionalPolicies"]>[number] {
  return {
    position: "perRetry",
    policy: {
      name: "requestPolicy",
      async sendRequest(request, next) {
        throttle.check();
        const late = new AbortController();
        const cancel = clock.after(TIMEOUT, () => late.abort());
        request.abortSignal = late.signal;
        try {
          const response = await next(request);
          throttle.heed(response.status, response.headers.get("Retry-After"));
          return response;
        } finally {
          cancel();
        }
      },
    },
  };
}

/**
 * The library renews a token shortly before it expires without awaiting the renewal. If that fails for two minutes, the
 * unhandled rejection ends the process. It does await the request for an expired token, so this reports every token as
 * expired; credentials have their own cache.
 */
function asked(credential: TokenCredential, clock: Clock): TokenCredential {
  return {
    async getToken(scopes: string | string[], options?: GetTokenOptions) {
      const token = await within(clock, TIMEOUT, credential.getToken(scopes, options));
      return token && { token: token.token, expiresOnTimestamp: 0 };
    },
  };
}

function isGone(error: unknown): boolean {
  return isRestError(error) && error.statusCode === 404;
}

function toVersion({ version, enabled, createdOn, notBefore, expiresOn }: SecretProperties): SecretVersion {
  return {
    id: version ?? "",
    enabled: enabled ?? true,
    created: createdOn?.getTime() ?? 0,
    from: notBefore?.getTime() ?? 0,
    until: expiresOn?.getTime() ?? Infinity,
  };
}

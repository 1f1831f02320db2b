import type { GetTokenOptions, TokenCredential } from "@azure/identity";
import { isRestError, SecretClient } from "@azure/keyvault-secrets";
import type { SecretClientOptions, SecretProperties } from "@azure/keyvault-secrets";
import type { Clock } from "../../ports/clock.ts";
import { createThrottle } from "./throttle.ts";
import type { Throttle } from "./throttle.ts";
import type { SecretVersion } from "./versions.ts";
import { within } from "./within.ts";

/** A Key Vault. What it throws may quote what the vault sent: it is not to be shown to anyone. */
export interface Vault {
  /** All versions of a secret in no order; none when there is no such secret. */
  list(name: string): Promise<readonly SecretVersion[]>;
  /** The value of a version; undefined when it is gone. */
  read(name: string, id: string): Promise<string | undefined>;
  /** For how long the vault wants to be left alone, in ms. */
  pause(): number;
}

export interface VaultParts {
  readonly vaultUrl: string;
  readonly credential: TokenCredential;
  readonly clock: Clock;
  /** Of the SDK's client: how it trusts the vault. */
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

/** In ms, for one try of a request with its body, and for a token. */
const TIMEOUT = 5_000;

/** The library's options reach the first page of a list only, so each try is bounded here. */
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
 * The library renews a token that is about to expire without awaiting it: when that fails for two minutes, the
 * rejection is nobody's and ends the process. A token that it takes for expired is asked for, and awaited, each
 * time; credentials keep theirs themselves.
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

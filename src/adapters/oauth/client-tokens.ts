import * as oauth from "openid-client";
import { importPKCS8 } from "jose";
import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";
import type { OutgoingTokens, TokenRequest } from "../../ports/outgoing-tokens.ts";
import { createTokenCache } from "./token-cache.ts";
import type { IssuedToken } from "./token-cache.ts";

/** How this gateway authenticates at an issuer. Values newest first, as from a secret store. */
type ClientCredential =
  | { readonly kind: "secret"; readonly values: () => Promise<readonly string[]> }
  /** A private key in PKCS #8 PEM, for `private_key_jwt` (RFC 7523). */
  | { readonly kind: "private-key"; readonly values: () => Promise<readonly string[]>; readonly algorithm: string };

export interface OAuthClient {
  readonly issuer: string;
  readonly clientId: string;
  readonly credential: ClientCredential;
  /** Called when the issuer has refused the credential: there may be a newer one. */
  readonly refreshCredential?: () => Promise<unknown>;
}

/** Time limit for a response of the issuer, in s. */
const TIMEOUT = 5;
/** Lifetime of a token if the issuer does not report one, in s. */
const SHORT = 60;
const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";

/** Tokens by client credentials, or by token exchange for requests on behalf of a caller. */
export function createClientTokens(client: OAuthClient, clock: Clock, logger: Logger): OutgoingTokens {
  let server: Promise<oauth.ServerMetadata> | undefined;

  return createTokenCache(
    async (request) => {
      const credentials = await readCredentials();
      try {
        return await ask(request, credentials[0]);
      } catch (error) {
        if (!isRefused(error)) {
          throw explain(error);
        }
      }
      await client.refreshCredential?.().catch(() => {});
      // A new secret may be in the store before the issuer accepts it, or the other way round.
      let refusal: unknown;
      for (const credential of (await readCredentials()).slice(0, 2)) {
        try {
          return await ask(request, credential);
        } catch (error) {
          refusal = error;
        }
      }
      throw explain(refusal);
    },
    clock,
    logger,
  );

  async function readCredentials(): Promise<readonly string[]> {
    const { values } = client.credential;
    // The error of a secret store may contain confidential details.
    const found = await values().catch(() => Promise.reject(refusalOf("its credential cannot be read")));
    if (found.length === 0) {
      throw refusalOf("it has no credential");
    }
    return found;
  }

  async function ask({ resource, scope, onBehalfOf }: TokenRequest, credential = ""): Promise<IssuedToken> {
    const configuration = await configure(credential);
    const parameters = { resource, ...(scope !== undefined && { scope }) };
    const answer =
      onBehalfOf === undefined
        ? await oauth.clientCredentialsGrant(configuration, parameters)
        : await oauth.genericGrantRequest(configuration, EXCHANGE, {
            ...parameters,
            subject_token: onBehalfOf,
            subject_token_type: ACCESS_TOKEN,
          });
    return { token: answer.access_token, lifetime: (answer.expiresIn() ?? SHORT) * 1_000 };
  }

  async function configure(credential: string): Promise<oauth.Configuration> {
    server ??= discover().catch((error: unknown) => {
      server = undefined;
      throw error;
    });
    const configuration = new oauth.Configuration(await server, client.clientId, {}, await authenticate(credential));
    return prepare(configuration);
  }

  async function discover(): Promise<oauth.ServerMetadata> {
    const execute = isLoopback(client.issuer) ? [oauth.allowInsecureRequests] : [];
    const found = await oauth.discovery(new URL(client.issuer), client.clientId, {}, oauth.None(), {
      execute,
      timeout: TIMEOUT,
    });
    return found.serverMetadata();
  }

  async function authenticate(value: string): Promise<oauth.ClientAuth> {
    const { credential } = client;
    if (credential.kind === "secret") {
      return oauth.ClientSecretBasic(value);
    }
    const key = importPKCS8(value, credential.algorithm);
    return oauth.PrivateKeyJwt(await key.catch(() => Promise.reject(refusalOf("its key is no PKCS #8 PEM"))));
  }

  function prepare(configuration: oauth.Configuration): oauth.Configuration {
    configuration.timeout = TIMEOUT;
    if (isLoopback(client.issuer)) {
      oauth.allowInsecureRequests(configuration);
    }
    return configuration;
  }

  /** Without its cause, which contains the request and its credential. */
  function explain(error: unknown): Error {
    if (error instanceof NoToken) {
      return error;
    }
    const { error: code, status } = toAnswer(error);
    if (code === undefined && status === undefined) {
      // Its endpoints may have changed.
      server = undefined;
    }
    if (code !== undefined && CODES.has(code)) {
      return refusalOf(code);
    }
    const answered = status === 401 ? "it refused the client's credential" : `it answered with status ${status}`;
    return refusalOf(status === undefined ? nameOf(error) : answered);
  }

  function refusalOf(why: string): NoToken {
    return new NoToken(`${client.issuer} gave client ${client.clientId} no token: ${why}`);
  }
}

class NoToken extends Error {
  override readonly name = "NoToken";
}

/** Error codes of RFC 6749, RFC 8693 and RFC 8707. Other text of an issuer may repeat the request. */
const CODES: ReadonlySet<string> = new Set([
  "access_denied",
  "invalid_client",
  "invalid_grant",
  "invalid_request",
  "invalid_scope",
  "invalid_target",
  "server_error",
  "temporarily_unavailable",
  "unauthorized_client",
  "unsupported_grant_type",
]);

function isRefused(error: unknown): boolean {
  const { error: code, status } = toAnswer(error);
  return status === 401 || code === "invalid_client";
}

function toAnswer(error: unknown): { readonly error?: string | undefined; readonly status?: number | undefined } {
  return error instanceof oauth.ResponseBodyError || error instanceof oauth.WWWAuthenticateChallengeError
    ? { status: error.status, error: error instanceof oauth.ResponseBodyError ? error.error : undefined }
    : {};
}

function nameOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^[A-Z_]+$/.test(code) ? code : "it does not answer";
}

function isLoopback(issuer: string): boolean {
  const { protocol, hostname } = new URL(issuer);
  return protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
}

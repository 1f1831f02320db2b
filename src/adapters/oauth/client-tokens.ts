import * as oauth from "openid-client";
import { importPKCS8 } from "jose";
import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";
import type { OutgoingTokens, TokenRequest } from "../../ports/outgoing-tokens.ts";
import { createTokenCache } from "./token-cache.ts";
import type { IssuedToken } from "./token-cache.ts";

/** How this gateway proves to an issuer who it is. Values newest first, as a secret store has them. */
type ClientCredential =
  | { readonly kind: "secret"; readonly values: () => Promise<readonly string[]> }
  /** A private key in PKCS #8 PEM, for `private_key_jwt` (RFC 7523). */
  | { readonly kind: "private-key"; readonly values: () => Promise<readonly string[]>; readonly algorithm: string };

export interface OAuthClient {
  readonly issuer: string;
  readonly clientId: string;
  readonly credential: ClientCredential;
  /** Called when the issuer has refused the credential: a newer one may be there by now. */
  readonly refreshCredential?: () => Promise<unknown>;
}

/** For one answer of the issuer, in s. */
const TIMEOUT = 5;
/** Where the issuer does not say how long a token lasts, in s. */
const SHORT = 60;
const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";

/** Tokens by client credentials, and by token exchange where they are on somebody's behalf. */
export function createClientTokens(client: OAuthClient, clock: Clock, logger: Logger): OutgoingTokens {
  let server: Promise<oauth.ServerMetadata> | undefined;

  return createTokenCache(
    async (request) => {
      try {
        return await ask(request);
      } catch (error) {
        if (!isRefused(error) || !client.refreshCredential) {
          throw describe(error);
        }
      }
      await client.refreshCredential();
      return ask(request).catch((error: unknown) => Promise.reject(describe(error)));
    },
    clock,
    logger,
  );

  async function ask({ resource, scope, onBehalfOf }: TokenRequest): Promise<IssuedToken> {
    const configuration = await configure();
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

  async function configure(): Promise<oauth.Configuration> {
    server ??= discover().catch((error: unknown) => {
      server = undefined;
      throw error;
    });
    const configuration = new oauth.Configuration(await server, client.clientId, {}, await authenticate());
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

  async function authenticate(): Promise<oauth.ClientAuth> {
    const { credential } = client;
    const [newest] = await credential.values();
    if (newest === undefined) {
      throw new Error(`there is no credential for client ${client.clientId} of ${client.issuer}`);
    }
    return credential.kind === "secret"
      ? oauth.ClientSecretBasic(newest)
      : oauth.PrivateKeyJwt(await importPKCS8(newest, credential.algorithm));
  }

  function prepare(configuration: oauth.Configuration): oauth.Configuration {
    configuration.timeout = TIMEOUT;
    if (isLoopback(client.issuer)) {
      oauth.allowInsecureRequests(configuration);
    }
    return configuration;
  }

  /** Without its cause: that holds the request, and with it the credential. */
  function describe(error: unknown): Error {
    const { error: code, status } = toAnswer(error);
    const answered = status === 401 ? "it refused the client's credential" : `it answered with status ${status}`;
    const why = code ?? (status === undefined ? nameOf(error) : answered);
    return new Error(`${client.issuer} gave client ${client.clientId} no token: ${why}`);
  }
}

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
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : String(error);
}

function isLoopback(issuer: string): boolean {
  const { protocol, hostname } = new URL(issuer);
  return protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
}

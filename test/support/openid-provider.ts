import { generateKeyPairSync, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";
import type { Configuration, JWK, KoaContextWithOIDC } from "oidc-provider";
import { decodeJwt, importJWK, SignJWT } from "jose";
import type { JWK as CryptoJwk } from "jose";

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";

/** Lifetime of an access token, in s. */
const LIFETIME = 300;

/** A certified OpenID provider in this process. Its tokens have the same claims as Keycloak's. */
export interface OpenIdProvider {
  readonly issuer: string;
  readonly clientId: string;
  /** Changed by {@link OpenIdProvider.rotateSecret}. */
  readonly clientSecret: string;
  /** Number of tokens issued. */
  readonly tokens: number;
  /** Private key of a client that authenticates by `private_key_jwt`. */
  readonly keyClient: { readonly clientId: string; readonly pem: string };
  reachable: boolean;
  /** Gets an access token for the gateway with client credentials. */
  token(): Promise<string>;
  /** Signs with a new key from now on. The previous key stays published until the next rotation. */
  rotateKeys(): void;
  rotateSecret(): void;
  close(): void;
}

export interface OpenIdProviderOptions {
  readonly audience: string;
  readonly roles: readonly string[];
}

export async function startOpenIdProvider({ audience, roles }: OpenIdProviderOptions): Promise<OpenIdProvider> {
  const clientId = "caller";
  let clientSecret: string = randomUUID();
  let keys = [createKey()];
  let tokens = 0;
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const keyClient = {
    clientId: "key-caller",
    pem: pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
  let answer: RequestListener = (_incoming, outgoing) => void outgoing.writeHead(503).end();
  const server = createServer((incoming, outgoing) => answer(incoming, outgoing)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  open();

  const self: OpenIdProvider = {
    issuer,
    clientId,
    keyClient,
    reachable: true,
    get clientSecret() {
      return clientSecret;
    },
    get tokens() {
      return tokens;
    },
    async token() {
      const response = await fetch(`${issuer}/token`, {
        method: "POST",
        headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
        body: new URLSearchParams({ grant_type: "client_credentials" }),
      });
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
      return ((await response.json()) as { access_token: string }).access_token;
    },
    rotateKeys() {
      keys = [createKey(), ...keys.slice(0, 1)];
      open();
    },
    rotateSecret() {
      clientSecret = randomUUID();
      open();
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return self;

  /** RFC 8693: the new token's subject is the caller's, and its actor is the client. */
  async function exchange(context: KoaContextWithOIDC): Promise<void> {
    const { params = {}, client } = context.oidc;
    const [key] = keys;
    const { sub = "" } = decodeJwt(String(params["subject_token"]));
    const claims = { sub, act: { sub: client?.clientId }, aud: params["resource"] as string };
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: "RS256", kid: key?.kid ?? "" })
      .setIssuer(issuer)
      .setIssuedAt()
      .setExpirationTime("5 min")
      .sign(await importJWK(key as CryptoJwk, "RS256"));
    context.body = { access_token: token, token_type: "Bearer", expires_in: 300, issued_token_type: "access_token" };
  }

  /** Keys and clients of a provider cannot change, so a change creates another provider at the same address. */
  function open(): void {
    const configuration: Configuration = {
      jwks: { keys },
      clients: [
        {
          client_id: clientId,
          client_secret: clientSecret,
          grant_types: ["client_credentials"],
          redirect_uris: [],
          response_types: [],
        },
        {
          client_id: keyClient.clientId,
          token_endpoint_auth_method: "private_key_jwt",
          jwks: { keys: [pair.publicKey.export({ format: "jwk" })] },
          grant_types: ["client_credentials", EXCHANGE],
          redirect_uris: [],
          response_types: [],
        },
      ],
      ttl: { ClientCredentials: LIFETIME },
      features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: false },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => "urn:a2a",
          getResourceServerInfo: () => ({
            scope: "",
            audience,
            accessTokenTTL: LIFETIME,
            accessTokenFormat: "jwt",
            jwt: { sign: { alg: "RS256" } },
          }),
          useGrantedResource: () => true,
        },
      },
      extraTokenClaims() {
        tokens += 1;
        return { realm_access: { roles }, azp: clientId, typ: "Bearer" };
      },
    };
    const provider = new Provider(issuer, configuration);
    provider.registerGrantType(EXCHANGE, exchange, ["subject_token", "subject_token_type", "resource"]);
    const handle = provider.callback();
    answer = (incoming, outgoing) => {
      if (self.reachable) void handle(incoming, outgoing);
      else outgoing.writeHead(503).end();
    };
  }
}

function createKey(): JWK {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  return { ...(privateKey.export({ format: "jwk" }) as JWK), kid: randomUUID(), use: "sig", alg: "RS256" };
}

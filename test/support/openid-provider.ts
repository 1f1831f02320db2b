import { generateKeyPairSync, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";
import type { Configuration, JWK } from "oidc-provider";

/** A certified OpenID provider in this process, with tokens such as Keycloak's. */
export interface OpenIdProvider {
  readonly issuer: string;
  readonly clientId: string;
  /** Rotated by {@link OpenIdProvider.rotateSecret}. */
  readonly clientSecret: string;
  /** How many tokens it made. */
  readonly tokens: number;
  /** An access token for the gateway by client credentials. */
  token(): Promise<string>;
  /** A new key signs from now on. The one before is published with it, until the next rotation. */
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
  let answer: RequestListener = (_incoming, outgoing) => void outgoing.writeHead(503).end();
  const server = createServer((incoming, outgoing) => answer(incoming, outgoing)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  open();

  return {
    issuer,
    clientId,
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

  /** Its keys and clients are those that it was made with: a change is another provider at the same address. */
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
      ],
      ttl: { ClientCredentials: 300 },
      features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: false },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => "urn:a2a",
          getResourceServerInfo: () => ({
            scope: "",
            audience,
            accessTokenTTL: 300,
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
    const handle = new Provider(issuer, configuration).callback();
    answer = (incoming, outgoing) => void handle(incoming, outgoing);
  }
}

function createKey(): JWK {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  return { ...(privateKey.export({ format: "jwk" }) as JWK), kid: randomUUID(), use: "sig", alg: "RS256" };
}

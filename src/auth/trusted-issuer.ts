/** An issuer whose tokens are accepted, and its conditions. */
export interface TrustedIssuer {
  /** Exactly the claim `iss` of its tokens. */
  readonly issuer: string;
  /** The token's `aud` must contain one of them. */
  readonly audiences: readonly string[];
  /** A role that every caller needs. */
  readonly requiredRole?: string | undefined;
  /** Longest accepted time from `iat` to `exp`, in s. */
  readonly maxTokenLifetime: number;
  /** Accepted JWS algorithms (RFC 7518); only asymmetric ones. */
  readonly algorithms: readonly string[];
  /** Token endpoint for client credentials, for the Agent Card. */
  readonly tokenUrl?: string | undefined;
  /** Scopes and their descriptions. Without any, a card cannot have the endpoint (specification 4.5.9). */
  readonly scopes: Readonly<Record<string, string>>;
}

/**
 * An issuer in a gateway config module. Fields that are left out have the values of the environment variables
 * `AUTH_AUDIENCE`, `AUTH_REQUIRED_ROLE` and `AUTH_MAX_TOKEN_LIFETIME`.
 */
export type IssuerDetails = Pick<TrustedIssuer, "issuer"> & Partial<TrustedIssuer>;

/** Defaults for every issuer, from the environment. */
export type IssuerDefaults = Omit<TrustedIssuer, "issuer" | "algorithms" | "tokenUrl" | "scopes">;

/** Algorithms for access tokens. `none` and algorithms with shared secrets are never accepted. */
const ALGORITHMS: readonly string[] = ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"];

/**
 * The issuers of the environment and of the gateway config; the gateway config may add details to an issuer of the
 * environment. @throws TypeError that names the invalid or missing value
 */
export function toTrustedIssuers(
  named: readonly string[],
  details: readonly IssuerDetails[],
  defaults: IssuerDefaults,
): readonly TrustedIssuer[] {
  const byIssuer = new Map<string, IssuerDetails>(named.map((issuer) => [issuer, { issuer }]));
  for (const one of details) {
    byIssuer.set(one.issuer, one);
  }
  return [...byIssuer.values()].map((one) => {
    const { issuer } = one;
    const known = toTokenEndpoint(issuer, one.audiences ?? defaults.audiences);
    const complete = { algorithms: ALGORITHMS, scopes: {}, ...known, ...defaults, ...one };
    const url = URL.parse(issuer);
    if (!url || (url.protocol !== "https:" && !["localhost", "127.0.0.1", "[::1]"].includes(url.hostname))) {
      throw new TypeError(`issuer ${JSON.stringify(issuer)}: must be an https URL`);
    }
    if (complete.audiences.length === 0) {
      throw new TypeError(
        `issuer ${issuer}: set AUTH_AUDIENCE, or audiences in the gateway config; otherwise its tokens for other services would be accepted`,
      );
    }
    const weak = complete.algorithms.find((name) => !ALGORITHMS.includes(name));
    if (weak !== undefined) {
      throw new TypeError(`issuer ${issuer}: algorithm ${weak} is not accepted; use ${ALGORITHMS.join(", ")}`);
    }
    return complete;
  });
}

/** The token endpoints of Keycloak and Entra can be derived from the issuer's URL. */
function toTokenEndpoint(
  issuer: string,
  [audience]: readonly string[],
): Pick<TrustedIssuer, "tokenUrl" | "scopes"> | undefined {
  if (/\/realms\/[^/]+$/.test(issuer)) {
    const scopes = { openid: "Also returns an ID token; an access token needs no scope" };
    return { tokenUrl: `${issuer}/protocol/openid-connect/token`, scopes };
  }
  const entra = /^(https:\/\/login\.microsoftonline\.(?:com|us)\/[^/]+)\/v2\.0$/.exec(issuer);
  return entra
    ? {
        tokenUrl: `${entra[1]}/oauth2/v2.0/token`,
        scopes: { [`${audience}/.default`]: "All permissions granted to the caller" },
      }
    : undefined;
}

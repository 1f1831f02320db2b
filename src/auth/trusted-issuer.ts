/** Whose tokens count here, and which of them. */
export interface TrustedIssuer {
  /** Exactly what its tokens say in `iss`. */
  readonly issuer: string;
  /** One of them must be among the token's `aud`. */
  readonly audiences: readonly string[];
  /** A role that every caller needs. */
  readonly requiredRole?: string | undefined;
  /** Longest time from `iat` to `exp`, in s. */
  readonly maxTokenLifetime: number;
  /** Of JWS (RFC 7518); asymmetric ones only. */
  readonly algorithms: readonly string[];
  /** Where clients get tokens by client credentials, for the Agent Card. */
  readonly tokenUrl?: string | undefined;
  /** What they may ask for there, with what it is; a card without any cannot name the endpoint (specification 4.5.9). */
  readonly scopes: Readonly<Record<string, string>>;
}

/** An issuer as a gateway config module has it: what is left out is as for all issuers. */
export type IssuerDetails = Pick<TrustedIssuer, "issuer"> & Partial<TrustedIssuer>;

/** What holds for every issuer that says nothing else; from the environment. */
export type IssuerDefaults = Omit<TrustedIssuer, "issuer" | "algorithms" | "tokenUrl" | "scopes">;

/** What identity providers sign access tokens with. `none` and those with shared secrets are never among them. */
const ALGORITHMS: readonly string[] = ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"];

/**
 * The issuers that the environment names, and those of the gateway config, which may also say more of one.
 * @throws TypeError that names what is missing or cannot be
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
      throw new TypeError(`issuer ${issuer}: needs an audience, or tokens that it made for others would count here`);
    }
    const weak = complete.algorithms.find((name) => !ALGORITHMS.includes(name));
    if (weak !== undefined) {
      throw new TypeError(`issuer ${issuer}: algorithm ${weak} is none of ${ALGORITHMS.join(", ")}`);
    }
    return complete;
  });
}

/** Keycloak's and Entra's token endpoints have the issuer's own URL in them. */
function toTokenEndpoint(
  issuer: string,
  [audience]: readonly string[],
): Pick<TrustedIssuer, "tokenUrl" | "scopes"> | undefined {
  if (/\/realms\/[^/]+$/.test(issuer)) {
    const scopes = { openid: "An ID token as well; an access token needs no scope" };
    return { tokenUrl: `${issuer}/protocol/openid-connect/token`, scopes };
  }
  const entra = /^(https:\/\/login\.microsoftonline\.(?:com|us)\/[^/]+)\/v2\.0$/.exec(issuer);
  return entra
    ? {
        tokenUrl: `${entra[1]}/oauth2/v2.0/token`,
        scopes: { [`${audience}/.default`]: "All that the caller was granted" },
      }
    : undefined;
}

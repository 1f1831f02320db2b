import { decodeJwt, decodeProtectedHeader, errors, importJWK, jwtVerify } from "jose";
import type { JWK, JWTPayload, ProtectedHeaderParameters } from "jose";
import type { Clock } from "../ports/clock.ts";
import type { PublicJwk } from "../ports/issuer-keys.ts";
import { AuthError } from "./auth-fault.ts";
import type { BadToken } from "./auth-fault.ts";
import type { Authenticate, Identity } from "./identity.ts";
import { toRoles } from "./access.ts";
import type { SigningKeys } from "./signing-keys.ts";
import type { TrustedIssuer } from "./trusted-issuer.ts";
import { createVerifiedTokens } from "./verified-tokens.ts";

/** Tolerated difference between the clocks of issuers and instances, in s. */
const SKEW = 30;
/** In characters. Longer tokens list hundreds of groups, which no agent call needs. */
const MAX_TOKEN = 16_384;
/** Values of `typ` of other tokens that Keycloak signs with the same keys; they are not access tokens. */
const OTHER_TYPES: readonly unknown[] = ["ID", "Refresh", "Offline", "Logout"];

export interface AuthenticateParts {
  readonly issuers: readonly TrustedIssuer[];
  readonly clock: Clock;
  readonly keysOf: (issuer: string) => SigningKeys;
}

/** Verifies access tokens that are JWTs (RFC 9068, RFC 8725) of trusted issuers. */
export function createAuthenticate({ issuers, clock, keysOf }: AuthenticateParts): Authenticate {
  const trusted = new Map(issuers.map((issuer) => [issuer.issuer, { issuer, keys: keysOf(issuer.issuer) }]));

  const verified = createVerifiedTokens(clock);

  return (authorization) => {
    const token = readToken(authorization);
    return verified.find(token) ?? authenticate(token);
  };

  async function authenticate(token: string): Promise<Identity> {
    const { header, iss } = peek(token);
    const found = typeof iss === "string" ? trusted.get(iss) : undefined;
    if (!found) {
      throw refuse("unknown-issuer");
    }
    const { issuer, keys } = found;
    if (header.alg === undefined || !issuer.algorithms.includes(header.alg)) {
      throw refuse("algorithm");
    }
    const { claims, key } = await verify(token, header.alg, await findKeys(keys, header.kid), issuer, clock);
    const identity = toIdentity(claims, issuer, clock);
    verified.keep(token, identity, () => keys.holds(key));
    return identity;
  }
}

function readToken(authorization: string | undefined): string {
  if (authorization === undefined || authorization.trim() === "") {
    throw new AuthError({ code: "no-token" });
  }
  if (authorization.length > MAX_TOKEN) {
    throw refuse("too-long");
  }
  const [, token] = /^bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)$/i.exec(authorization) ?? [];
  if (token === undefined) {
    throw refuse("not-bearer");
  }
  return token;
}

/** Header and issuer of an unverified token. They only select the issuer whose keys are used. */
function peek(token: string): { readonly header: ProtectedHeaderParameters; readonly iss: unknown } {
  try {
    return { header: decodeProtectedHeader(token), iss: decodeJwt(token).iss };
  } catch (error) {
    throw refuse("malformed", error);
  }
}

async function findKeys(keys: SigningKeys, kid: unknown): Promise<readonly PublicJwk[]> {
  try {
    return await keys.find(typeof kid === "string" ? kid : undefined);
  } catch (error) {
    throw new AuthError({ code: "no-keys", retryAfter: 5 }, { cause: error });
  }
}

/** A token without a key id is verified with every key of its algorithm. */
async function verify(
  token: string,
  alg: string,
  keys: readonly PublicJwk[],
  issuer: TrustedIssuer,
  clock: Clock,
): Promise<{ readonly claims: JWTPayload; readonly key: PublicJwk }> {
  let failure: unknown;
  for (const key of keys) {
    if (key.alg !== undefined && key.alg !== alg) {
      continue;
    }
    try {
      const { payload: claims } = await jwtVerify(token, await importKey(key, alg), {
        algorithms: [alg],
        issuer: issuer.issuer,
        audience: [...issuer.audiences],
        requiredClaims: ["exp", "iat"],
        clockTolerance: SKEW,
        currentDate: new Date(clock.now()),
      });
      return { claims, key };
    } catch (error) {
      failure = error;
      // The signature is valid, but a claim is not: another key cannot change that.
      if (error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired) {
        break;
      }
    }
  }
  throw refuse(failure === undefined ? "unknown-key" : toReason(failure), failure);
}

/** Imports each key once. Fetching the issuer's keys again creates new key objects. */
async function importKey(key: PublicJwk, alg: string): Promise<Awaited<ReturnType<typeof importJWK>>> {
  const known = imported.get(key);
  if (known) {
    return known;
  }
  const own = await importJWK(key as JWK, alg);
  imported.set(key, own);
  return own;
}

const imported = new WeakMap<PublicJwk, Awaited<ReturnType<typeof importJWK>>>();

function toReason(error: unknown): BadToken {
  if (error instanceof errors.JWTExpired) {
    return "expired";
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    switch (error.claim) {
      case "aud":
        return "audience";
      case "nbf":
      case "iat":
        return error.reason === "missing" ? "malformed" : "not-yet-valid";
      default:
        return "malformed";
    }
  }
  return error instanceof errors.JWSSignatureVerificationFailed ? "signature" : "malformed";
}

function toIdentity(claims: JWTPayload, issuer: TrustedIssuer, clock: Clock): Identity {
  const { exp = 0, iat = 0 } = claims;
  if (OTHER_TYPES.includes(claims["typ"])) {
    throw refuse("not-an-access-token");
  }
  if (iat > clock.now() / 1_000 + SKEW) {
    throw refuse("not-yet-valid");
  }
  if (exp - iat > issuer.maxTokenLifetime) {
    throw refuse("lifetime");
  }
  const subject = [claims["oid"], claims.sub, claims["azp"]].find((value) => typeof value === "string" && value !== "");
  if (typeof subject !== "string") {
    throw refuse("no-subject");
  }
  const roles = toRoles(claims, issuer.audiences);
  if (issuer.requiredRole !== undefined && !roles.includes(issuer.requiredRole)) {
    throw new AuthError({ code: "forbidden", role: issuer.requiredRole });
  }
  const directory = typeof claims["tid"] === "string" ? claims["tid"] : "";
  return { owner: [issuer.issuer, directory, subject], subject, roles, expiresAt: (exp + SKEW) * 1_000 };
}

function refuse(reason: BadToken, cause?: unknown): AuthError {
  return new AuthError({ code: "bad-token", reason }, { cause });
}

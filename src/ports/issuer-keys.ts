/** A public key as its issuer publishes it (RFC 7517). */
export interface PublicJwk {
  readonly kty: string;
  readonly kid?: string | undefined;
  readonly use?: unknown;
  readonly alg?: unknown;
  readonly [member: string]: unknown;
}

/** Asks an issuer for its signing keys. */
export interface IssuerKeys {
  /** Never answers from a cache. Rejects when the issuer cannot be reached, or what it says cannot be believed. */
  load(issuer: string): Promise<readonly PublicJwk[]>;
}

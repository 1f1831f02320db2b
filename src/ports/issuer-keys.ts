/** A public key as its issuer publishes it (RFC 7517). */
export interface PublicJwk {
  readonly kty: string;
  readonly kid?: string | undefined;
  readonly use?: unknown;
  readonly alg?: unknown;
  readonly [member: string]: unknown;
}

/** Fetches the signing keys of an issuer. */
export interface IssuerKeys {
  /** Without a cache. Rejects if the issuer does not answer or its answer is invalid. */
  load(issuer: string): Promise<readonly PublicJwk[]>;
}

/** What a token is for. */
export interface TokenRequest {
  /** The agent that it is shown to, as its issuer knows it (`resource` of RFC 8707). */
  readonly resource: string;
  readonly scope?: string | undefined;
  /** A caller's access token: the new one says on whose behalf it is used (RFC 8693). */
  readonly onBehalfOf?: string | undefined;
}

/** Access tokens that this gateway shows to agents elsewhere. */
export interface OutgoingTokens {
  /** One that counts for a while yet. Rejects when the issuer gives none; the message holds no secret. */
  get(request: TokenRequest): Promise<string>;
  /** The agent refused this token: it is not given again. */
  drop(request: TokenRequest, token: string): void;
}

/** The purpose of a token. */
export interface TokenRequest {
  /** The agent that receives it, as its issuer names it (`resource` of RFC 8707). */
  readonly resource: string;
  readonly scope?: string | undefined;
  /** Access token of the caller on whose behalf the new token is used (RFC 8693). */
  readonly onBehalfOf?: string | undefined;
}

/** Access tokens that this gateway sends to remote agents. */
export interface OutgoingTokens {
  /** A token that stays valid for at least some seconds. Rejects if the issuer returns none; the error contains no secret. */
  get(request: TokenRequest): Promise<string>;
  /** Call it when the agent has refused this token: it will not be returned again. */
  drop(request: TokenRequest, token: string): void;
}

/** The caller of a request, as proven by its credentials. */
export interface Identity {
  /** The owner of the caller's tasks: issuer, directory tenant and subject; `["none"]` without authentication. */
  readonly owner: readonly string[];
  readonly subject: string;
  readonly roles: readonly string[];
  /** When the credentials expire, in ms since the epoch; absent without authentication. */
  readonly expiresAt?: number;
}

/** Verifies the value of an Authorization header. @throws AuthError if it is missing or not valid. */
export type Authenticate = (authorization: string | undefined) => Identity | Promise<Identity>;

/** The headers of a request, by their names in lower case. */
export interface RequestHeaders {
  header(name: string): string | undefined;
}

/** `AUTH_MODE=none`: all requests come from the same caller. */
export const authenticateAnonymous: Authenticate = () => anonymous;

const anonymous: Identity = { owner: ["none"], subject: "anonymous", roles: [] };

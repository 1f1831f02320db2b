/** Who a request comes from, as far as its credentials prove it. */
export interface Identity {
  /** What owns the caller's tasks: issuer, directory tenant and subject; `["none"]` without authentication. */
  readonly owner: readonly string[];
  readonly subject: string;
  readonly roles: readonly string[];
  /** When the proof ends, in ms since the epoch; absent without authentication. */
  readonly expiresAt?: number;
}

/** Verifies the value of a request's Authorization header. @throws AuthError when there are none, or they do not count here. */
export type Authenticate = (authorization: string | undefined) => Identity | Promise<Identity>;

/** The headers of a request, by their names in lower case. */
export interface RequestHeaders {
  header(name: string): string | undefined;
}

/** `AUTH_MODE=none`: everybody is the same caller. */
export const authenticateNobody: Authenticate = () => nobody;

const nobody: Identity = { owner: ["none"], subject: "anonymous", roles: [] };

/** Who a request comes from, as far as its credentials prove it. */
export interface Identity {
  /** What owns the caller's tasks: issuer, directory tenant and subject; `["none"]` without authentication. */
  readonly owner: readonly string[];
  readonly subject: string;
  readonly roles: readonly string[];
  /** When the proof ends, in ms since the epoch; absent without authentication. */
  readonly expiresAt?: number;
}

/** Verifies a request's credentials. @throws AuthError when there are none, or they do not count here. */
export type Authenticate = (request: Request) => Identity | Promise<Identity>;

/** `AUTH_MODE=none`: everybody is the same caller. */
export const authenticateNobody: Authenticate = () => nobody;

const nobody: Identity = { owner: ["none"], subject: "anonymous", roles: [] };

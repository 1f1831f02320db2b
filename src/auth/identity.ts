/** Who a request comes from, as far as its credentials prove it. */
export interface Identity {
  /** What owns the caller's tasks: issuer, directory tenant and subject; `["none"]` without authentication. */
  readonly owner: readonly string[];
  readonly subject: string;
  readonly roles: readonly string[];
}

/** Verifies a request's credentials. @throws when there are none, or they do not count here. */
export type Authenticate = (request: Request) => Identity | Promise<Identity>;

/** `AUTH_MODE=none`: everybody is the same caller. */
export const authenticateNobody: Authenticate = () => nobody;

const nobody: Identity = { owner: ["none"], subject: "anonymous", roles: [] };

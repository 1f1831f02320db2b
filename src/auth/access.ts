import { AuthError } from "./auth-fault.ts";
import type { Identity } from "./identity.ts";

/** Roles by agent id; a caller needs one of them. An agent that is not listed is open to every caller. */
export type Access = Readonly<Record<string, readonly string[]>>;

/** @throws AuthError `forbidden` */
export function checkAccess(access: Access, agentId: string, { roles }: Identity): void {
  const allowed = Object.hasOwn(access, agentId) ? access[agentId] : undefined;
  if (allowed && !allowed.some((role) => roles.includes(role))) {
    throw new AuthError({ code: "forbidden", role: allowed.join(" or ") });
  }
}

export function mayCall(access: Access, agentId: string, identity: Identity): boolean {
  try {
    checkAccess(access, agentId, identity);
    return true;
  } catch {
    return false;
  }
}

/** Claims of a verified token. */
export type Claims = Readonly<Record<string, unknown>>;

/**
 * The roles that a token gives: Keycloak's of the realm (`realm_access.roles`) and of the clients that its tokens for this
 * gateway are made for (`resource_access.{client}.roles`), Entra's application roles (`roles`) and scopes (`scp`).
 */
export function toRoles(claims: Claims, clients: readonly string[]): readonly string[] {
  const perClient = clients.flatMap((client) =>
    namesIn(memberOf(memberOf(claims["resource_access"], client), "roles")),
  );
  const scopes = typeof claims["scp"] === "string" ? claims["scp"].split(" ").filter((scope) => scope !== "") : [];
  const all = [
    ...namesIn(memberOf(claims["realm_access"], "roles")),
    ...perClient,
    ...namesIn(claims["roles"]),
    ...scopes,
  ];
  return [...new Set(all)];
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function namesIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((name) => typeof name === "string") : [];
}

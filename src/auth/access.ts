import { AuthError } from "./auth-fault.ts";
import type { Identity } from "./identity.ts";

/** Roles by agent id, any of which lets a caller in. An agent that is not named is everybody's. */
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

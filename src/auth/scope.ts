import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Caller } from "../ports/agent.ts";
import type { Identity } from "./identity.ts";

/** The caller of one call. Each owner and A2A tenant (`""` without one) has its own scope. */
export function toCaller(identity: Identity, tenant: string): Caller {
  const known = tenant === "" ? withoutTenant.get(identity) : undefined;
  if (known) {
    return known;
  }
  const scope = bytesToHex(sha256(utf8ToBytes(JSON.stringify([...identity.owner, tenant])))).slice(0, 32);
  const caller = { scope, tenant, subject: identity.subject, roles: identity.roles };
  if (tenant === "") {
    withoutTenant.set(identity, caller);
  }
  return caller;
}

/** Cached per identity: hashing is slow compared with a short call. */
const withoutTenant = new WeakMap<Identity, Caller>();

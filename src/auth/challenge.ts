import type { AuthFault } from "./auth-fault.ts";

/**
 * The value of `WWW-Authenticate` (RFC 6750, 3; RFC 9728, 5.1). Undefined if other credentials would not help.
 * `metadataUrl` leads a client to the list of accepted issuers.
 */
export function toChallenge(fault: AuthFault, metadataUrl: string): string | undefined {
  const where = `resource_metadata="${metadataUrl}"`;
  switch (fault.code) {
    case "no-token":
      return `Bearer ${where}`;
    case "bad-token":
      return `Bearer error="invalid_token", ${where}`;
    case "forbidden":
      return `Bearer error="insufficient_scope", ${where}`;
    case "no-keys":
      return undefined;
  }
}

import type { TrustedIssuer } from "../../auth/trusted-issuer.ts";

/** Where the metadata of an agent is, or of the whole gateway (RFC 9728, 3.1: the resource's path comes after). */
export function toMetadataPath(agentId?: string): string {
  return `/.well-known/oauth-protected-resource${agentId === undefined ? "" : `/agents/${agentId}`}`;
}

/** Protected resource metadata (RFC 9728, 2). `baseUrl` without a slash at its end. */
export function toProtectedResource(issuers: readonly TrustedIssuer[], baseUrl: string, agentId?: string): object {
  return {
    resource: agentId === undefined ? baseUrl : `${baseUrl}/agents/${agentId}`,
    authorization_servers: issuers.map(({ issuer }) => issuer),
    bearer_methods_supported: ["header"],
  };
}

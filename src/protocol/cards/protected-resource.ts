import type { TrustedIssuer } from "../../auth/trusted-issuer.ts";

/** The path of the metadata of an agent, or of the whole gateway. It ends with the resource's path (RFC 9728, 3.1). */
export function toMetadataPath(agentId?: string): string {
  return `/.well-known/oauth-protected-resource${agentId === undefined ? "" : `/agents/${agentId}`}`;
}

/** Protected resource metadata (RFC 9728, 2). `baseUrl` without a trailing slash. */
export function toProtectedResource(issuers: readonly TrustedIssuer[], baseUrl: string, agentId?: string): object {
  return {
    resource: agentId === undefined ? baseUrl : `${baseUrl}/agents/${agentId}`,
    authorization_servers: issuers.map(({ issuer }) => issuer),
    bearer_methods_supported: ["header"],
  };
}

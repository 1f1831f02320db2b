import type { Access } from "../auth/access.ts";
import type { IssuerDetails } from "../auth/trusted-issuer.ts";
import type { Agent } from "../ports/agent.ts";
import { createRegistry } from "./registry.ts";

/** What this gateway serves. The default export of a gateway config module. */
export interface GatewayDefinition {
  readonly agents: readonly Agent[];
  /** Id of the agent that answers at the root too; the first one when absent. */
  readonly default?: string;
  /** Whose tokens count, beside the issuers that AUTH_ISSUER names; or more about one of those. */
  readonly issuers?: readonly IssuerDetails[];
  /** Roles by agent id: a caller needs one of them. An agent that is not named is every caller's. */
  readonly access?: Access;
}

/**
 * Checks what a gateway serves. Returns plain data.
 * @throws TypeError when no agent is named, an id with its major occurs twice, or the default or one in `access` is unknown.
 */
export function defineGateway(definition: GatewayDefinition): GatewayDefinition {
  const registry = createRegistry(definition.agents, definition.default);
  const unknown = Object.keys(definition.access ?? {}).find((id) => !registry.find(id));
  if (unknown !== undefined) {
    throw new TypeError(`access: there is no agent ${JSON.stringify(unknown)}`);
  }
  return definition;
}

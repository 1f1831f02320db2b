import type { Access } from "../auth/access.ts";
import type { IssuerDetails } from "../auth/trusted-issuer.ts";
import type { Agent } from "../ports/agent.ts";
import { createRegistry } from "./registry.ts";

/** The agents of a gateway and who may call them: the default export of a gateway config module. */
export interface GatewayDefinition {
  readonly agents: readonly Agent[];
  /** Id of the agent that is also served at the root path; by default the first one. */
  readonly default?: string;
  /** Issuers whose tokens are accepted in addition to those of AUTH_ISSUER, or details of one of those. */
  readonly issuers?: readonly IssuerDetails[];
  /** Roles by agent id; a caller needs one of them. An agent that is not listed is open to every caller. */
  readonly access?: Access;
}

/**
 * Defines a gateway: checks the definition and returns it unchanged. Starts nothing.
 * @throws TypeError if there is no agent, if two agents have the same id and major version, or if `default` or a key of
 *   `access` is not the id of an agent
 *
 * @example
 * export default defineGateway({ agents: [orders, invoices], access: { invoices: ["accounting"] } });
 */
export function defineGateway(definition: GatewayDefinition): GatewayDefinition {
  const registry = createRegistry(definition.agents, definition.default);
  const unknown = Object.keys(definition.access ?? {}).find((id) => !registry.find(id));
  if (unknown !== undefined) {
    throw new TypeError(`access: ${JSON.stringify(unknown)} is not the id of an agent`);
  }
  return definition;
}

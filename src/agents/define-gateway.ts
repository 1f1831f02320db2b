import type { Agent } from "../ports/agent.ts";
import { createRegistry } from "./registry.ts";

/** What this gateway serves. The default export of a gateway config module. */
export interface GatewayDefinition {
  readonly agents: readonly Agent[];
  /** Id of the agent that answers at the root too; the first one when absent. */
  readonly default?: string;
}

/**
 * Checks what a gateway serves. Returns plain data.
 * @throws TypeError when no agent is named, an id with its major occurs twice, or the default is unknown.
 */
export function defineGateway(definition: GatewayDefinition): GatewayDefinition {
  createRegistry(definition.agents, definition.default);
  return definition;
}

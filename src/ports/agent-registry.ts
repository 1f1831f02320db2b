import type { Agent } from "./agent.ts";

/** The agents that this gateway serves, by id and major version. */
export interface AgentRegistry {
  /** The agent that answers at the root too. */
  readonly default: Agent;
  /** One per id: the newest major. In the order of the configuration. */
  list(): readonly Agent[];
  /** Majors served under `id`, newest first; empty when the id is unknown. */
  majors(id: string): readonly number[];
  /** The newest major without one named. */
  find(id: string, major?: number): Agent | undefined;
}

/** What clients may pin, and what a task stays on. */
export function majorOf(agent: Agent): number {
  return Number.parseInt(agent.version, 10);
}

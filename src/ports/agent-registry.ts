import type { Agent } from "./agent.ts";

/** The agents that this gateway serves, by id and major version. */
export interface AgentRegistry {
  /** The agent that is also served at the root path. */
  readonly default: Agent;
  /** The newest major version of each agent, in the order of the configuration. */
  list(): readonly Agent[];
  /** Major versions of an agent, newest first; empty if the id is unknown. */
  majors(id: string): readonly number[];
  /** By default the newest major version. */
  find(id: string, major?: number): Agent | undefined;
}

/** The major version, which clients may pin and a task stays on. */
export function majorOf(agent: Agent): number {
  return Number.parseInt(agent.version, 10);
}

import type { Agent } from "../ports/agent.ts";
import { majorOf } from "../ports/agent-registry.ts";
import type { AgentRegistry } from "../ports/agent-registry.ts";

/** @throws TypeError if there is no agent, if two have the same id and major version, or if the default is unknown. */
export function createRegistry(agents: readonly Agent[], defaultId?: string): AgentRegistry {
  const byId = new Map<string, Agent[]>();
  for (const agent of agents) {
    const versions = byId.get(agent.id) ?? [];
    if (versions.some((other) => majorOf(other) === majorOf(agent))) {
      throw new TypeError(`agent ${agent.id}: two of its versions have major version ${majorOf(agent)}`);
    }
    byId.set(
      agent.id,
      [...versions, agent].toSorted((a, b) => majorOf(b) - majorOf(a)),
    );
  }
  const first = defaultId === undefined ? agents[0] : byId.get(defaultId)?.[0];
  if (!first) {
    throw new TypeError(
      defaultId === undefined ? "the gateway config has no agent" : `default: no agent has the id "${defaultId}"`,
    );
  }
  return {
    default: defaultId === undefined ? (byId.get(first.id)?.[0] ?? first) : first,
    list: () => [...byId.values()].flatMap((versions) => versions.slice(0, 1)),
    majors: (id) => (byId.get(id) ?? []).map(majorOf),
    find: (id, major) => {
      const versions = byId.get(id);
      return major === undefined ? versions?.[0] : versions?.find((agent) => majorOf(agent) === major);
    },
  };
}

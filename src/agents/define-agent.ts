import type { Agent } from "../ports/agent.ts";

type Defaults = "replies" | "rerun" | "onCrash" | "runs";

/** An agent as its author writes it: what is left out takes the default named in {@link Agent}. */
export type AgentDefinition = Omit<Agent, Defaults> & Partial<Pick<Agent, Defaults>>;

/**
 * Completes an agent's definition. Returns plain data.
 * @throws TypeError when the id, the version or the card cannot be served; the message says which.
 */
export function defineAgent(definition: AgentDefinition): Agent {
  const { id, version, card } = definition;
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(id)) {
    throw new TypeError(`agent id ${JSON.stringify(id)}: use 1 to 63 lower-case letters, digits and inner hyphens`);
  }
  if (!/^\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?$/.test(version)) {
    throw new TypeError(`agent ${id}: version ${JSON.stringify(version)} is not a semantic version such as 1.0.0`);
  }
  if (!card?.name || !card.description || !(card.skills?.length > 0)) {
    throw new TypeError(`agent ${id}: its card needs a name, a description and at least one skill`);
  }
  return { replies: "task", rerun: "steps", onCrash: "resume", runs: "inline", ...definition };
}

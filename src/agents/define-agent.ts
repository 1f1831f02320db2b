import type { Agent } from "../ports/agent.ts";

type Defaults = "replies" | "rerun" | "onCrash" | "runs";

/** An agent definition. Fields that are left out get the defaults that {@link Agent} documents. */
export type AgentDefinition = Omit<Agent, Defaults> & Partial<Pick<Agent, Defaults>>;

/**
 * Defines an agent: checks the definition and fills in the defaults. Returns plain data and starts nothing.
 *
 * With the defaults (`onCrash: "resume"`, `rerun: "steps"`) an agent runs again after a crash and does not repeat completed
 * steps; see {@link Turn}.
 * @throws TypeError if the id, the version or the card is invalid
 *
 * @example
 * export const echo = defineAgent({
 *   id: "echo",
 *   version: "1.0.0",
 *   card: {
 *     name: "Echo",
 *     description: "Returns the message.",
 *     skills: [{ id: "echo", name: "Echo", description: "Returns the message.", tags: ["echo"] }],
 *   },
 *   run: (turn) => turn.complete(turn.message.parts),
 * });
 */
export function defineAgent(definition: AgentDefinition): Agent {
  const { id, version, card } = definition;
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(id)) {
    throw new TypeError(
      `agent id ${JSON.stringify(id)} is invalid: use 1 to 63 lower-case letters, digits and inner hyphens`,
    );
  }
  if (!/^\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?$/.test(version)) {
    throw new TypeError(`agent ${id}: version ${JSON.stringify(version)} is not a semantic version such as 1.0.0`);
  }
  if (!card?.name || !card.description || !(card.skills?.length > 0)) {
    throw new TypeError(`agent ${id}: its card needs a name, a description and at least one skill`);
  }
  return { replies: "task", rerun: "steps", onCrash: "resume", runs: "inline", ...definition };
}

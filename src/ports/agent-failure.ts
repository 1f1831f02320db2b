import type { Content } from "./agent.ts";

/**
 * Thrown by an agent to end its task as FAILED with words of its own. Anything else that is thrown ends it as
 * FAILED too, but the caller only gets a reference to the log, since an error's text may tell what it should not.
 */
export class AgentFailure extends Error {
  override readonly name = "AgentFailure";
  readonly content: Content;

  constructor(content: Content, options?: ErrorOptions) {
    super(typeof content === "string" ? content : "the agent failed", options);
    this.content = content;
  }
}

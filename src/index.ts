export { defineAgent } from "./agents/define-agent.ts";
export type { AgentDefinition } from "./agents/define-agent.ts";
export { defineGateway } from "./agents/define-gateway.ts";
export type { GatewayDefinition } from "./agents/define-gateway.ts";
export { fromExecutor } from "./agents/from-executor.ts";
export { AgentFailure } from "./ports/agent-failure.ts";
export type {
  AbortCode,
  Agent,
  AgentProfile,
  ArtifactInit,
  ArtifactWriter,
  Caller,
  Content,
  Json,
  PlainPart,
  Turn,
} from "./ports/agent.ts";

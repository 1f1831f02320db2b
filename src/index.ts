export { defineAgent } from "./agents/define-agent.ts";
export type { AgentDefinition } from "./agents/define-agent.ts";
export { defineGateway } from "./agents/define-gateway.ts";
export type { GatewayDefinition } from "./agents/define-gateway.ts";
export { fromExecutor } from "./agents/from-executor.ts";
export { durableStream } from "./client/durable-stream.ts";
export type { DurableStreamOptions } from "./client/durable-stream.ts";
export { DurableStreamError } from "./client/durable-stream-error.ts";
export type { DurableStreamFault } from "./client/durable-stream-error.ts";
export type { DurableEvent } from "./client/stream-progress.ts";
export { verifyCard } from "./client/verify-card.ts";
export type { PinnedKey } from "./client/verify-card.ts";
export { AgentFailure } from "./ports/agent.ts";
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

import { Role } from "@a2a-js/sdk";
import type { Message, Part, StreamResponse, TaskState, TaskStatus, TaskStatusUpdateEvent } from "@a2a-js/sdk";

/** An event that changes the state of a task. Its timestamp is set when it is committed. */
export function statusUpdate(
  taskId: string,
  contextId: string,
  state: TaskState,
  message: Message | undefined,
): StreamResponse {
  const value = { taskId, contextId, status: { state, message, timestamp: undefined }, metadata: undefined };
  return { payload: { $case: "statusUpdate", value } };
}

export function withTimestamp(
  { taskId, contextId, metadata }: TaskStatusUpdateEvent,
  { state, message }: TaskStatus,
  timestamp: string,
): StreamResponse {
  const value = { taskId, contextId, status: { state, message, timestamp }, metadata };
  return { payload: { $case: "statusUpdate", value } };
}

/** A message from the agent, for the status of a task. */
export function agentMessage(messageId: string, taskId: string, contextId: string, parts: Part[]): Message {
  return {
    messageId,
    contextId,
    taskId,
    role: Role.ROLE_AGENT,
    parts,
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
  };
}

export function textPart(text: string): Part {
  return { content: { $case: "text", value: text }, metadata: undefined, filename: "", mediaType: "" };
}

/**
 * ISO 8601 in UTC with milliseconds (specification 5.6.1). The last second is cached because statuses come in bursts.
 */
export function toTimestamp(ms: number): string {
  const second = Math.floor(ms / 1_000);
  if (second !== lastSecond) {
    lastSecond = second;
    lastPrefix = new Date(ms).toISOString().slice(0, 20);
  }
  return `${lastPrefix}${String(ms - second * 1_000).padStart(3, "0")}Z`;
}

let lastSecond = Number.NaN;
let lastPrefix = "";

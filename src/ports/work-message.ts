import type { WorkMessage } from "./work-queue.ts";

/** Undefined for what is no message of ours: anybody with access to the queue may put one. */
export function fromWorkJson(json: unknown): WorkMessage | undefined {
  if (typeof json !== "object" || json === null) {
    return undefined;
  }
  const { kind, scope, taskId, agent, turn, config } = json as Record<string, unknown>;
  if (typeof scope !== "string" || typeof taskId !== "string") {
    return undefined;
  }
  if (kind === "turn" && typeof agent === "string" && typeof turn === "number") {
    return { kind, scope, taskId, agent, turn };
  }
  return kind === "push" && typeof config === "string" ? { kind, scope, taskId, config } : undefined;
}

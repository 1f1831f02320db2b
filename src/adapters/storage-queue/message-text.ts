import type { WorkMessage } from "../../ports/work-queue.ts";

/** Plain JSON, as a queue trigger with `messageEncoding: "none"` reads it. */
export function toMessageText(message: WorkMessage): string {
  return JSON.stringify(message);
}

/** Undefined for what is no message of ours: anybody with access to the account may put one. */
export function fromMessageText(text: string): WorkMessage | undefined {
  const json = parse(text);
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

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

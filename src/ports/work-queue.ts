import type { TaskKey } from "./task-log.ts";

/** A turn may need an instance to run it. */
export interface TurnMessage extends TaskKey {
  readonly kind: "turn";
  readonly agent: string;
  readonly turn: number;
}

/** A webhook may lack events. */
export interface PushMessage extends TaskKey {
  readonly kind: "push";
  /** Key of the config's row in the task's log. */
  readonly config: string;
}

/** A hint. The log decides what has to be done; late, duplicate and lost messages are harmless. */
export type WorkMessage = TurnMessage | PushMessage;

export interface WorkQueue {
  /** At least once, in any order, not before `after` ms have passed. @throws StoreError `unknown`. */
  send(message: WorkMessage, after?: number): Promise<void>;
}

/** Undefined if it is not a work message: the queue may contain other messages. */
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

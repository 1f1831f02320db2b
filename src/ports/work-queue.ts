import type { TaskKey } from "./task-log.ts";

/** A turn may need a runner. */
export interface TurnMessage extends TaskKey {
  readonly kind: "turn";
  readonly agent: string;
  readonly turn: number;
}

/** Events may wait for delivery to one webhook. */
export interface PushMessage extends TaskKey {
  readonly kind: "push";
  /** Key of the config's row in the task's log. */
  readonly config: string;
}

/** A hint. The log decides what there is to do; late, duplicate and lost messages are harmless. */
export type WorkMessage = TurnMessage | PushMessage;

export interface WorkQueue {
  /** At least once, in any order, not before `after` ms have passed. @throws StoreError `unknown`. */
  send(message: WorkMessage, after?: number): Promise<void>;
}

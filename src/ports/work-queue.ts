import type { TaskKey } from "./task-log.ts";

/** A hint that a turn may need a runner. The head decides; late, duplicate and lost messages are harmless. */
export interface WorkMessage extends TaskKey {
  readonly agent: string;
  readonly turn: number;
}

export interface WorkQueue {
  /** At least once, in any order. @throws StoreError `unknown`. */
  send(message: WorkMessage): Promise<void>;
}

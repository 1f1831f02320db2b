import type { TaskKey } from "./task-log.ts";

/**
 * Hints from one instance to another: read the head of this task now, before the next renewal of its lease. A lost hint
 * only costs time. @throws StoreError `unknown`.
 */
export interface Inbox {
  put(holder: string, task: TaskKey): Promise<void>;
  /** Returns and deletes the hints for this holder. */
  take(holder: string): Promise<TaskKey[]>;
  /** Deletes hints older than `age` ms, whose holders are dead. */
  clear(age: number): Promise<void>;
}

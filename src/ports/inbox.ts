import type { TaskKey } from "./task-log.ts";

/**
 * Hints from one instance to another: look at this task now, not only when its lease is renewed. Losing one costs time,
 * nothing else. @throws StoreError `unknown`.
 */
export interface Inbox {
  put(holder: string, task: TaskKey): Promise<void>;
  /** What was put for this holder; gone after that. */
  take(holder: string): Promise<TaskKey[]>;
  /** Removes what holders that are no more left untaken for `age` ms. */
  clear(age: number): Promise<void>;
}

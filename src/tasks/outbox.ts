import type { TaskPushNotificationConfig } from "@a2a-js/sdk";
import type { LogRow, TaskKey } from "../ports/task-log.ts";
import type { Head } from "./log/head.ts";
import type { Call } from "./task-engine.ts";

/** What the engine knows of push notifications: somebody has to hear of events. */
export interface Outbox {
  /** After a commit. Cheap, and never throws. */
  committed(task: TaskKey, head: Head): void;
  /**
   * Sees to it that configs which lack events are worked on. Resolves to whether any does. May be repeated.
   * @throws StoreError
   */
  remind(task: TaskKey, head: Head): Promise<boolean>;
  /**
   * The row of a config that comes with a message; `head` is absent where the message creates the task.
   * @throws TaskError `invalid`, StoreError
   */
  toRow(call: Call, config: TaskPushNotificationConfig, task: TaskKey, head?: Head): Promise<LogRow>;
}

import type { TaskPushNotificationConfig } from "@a2a-js/sdk";
import type { LogRow, TaskKey } from "../ports/task-log.ts";
import type { Head } from "./log/head.ts";
import type { Call } from "./task-engine.ts";

/** How the engine triggers push notifications. */
export interface Outbox {
  /** Called after each commit. Does not wait for the store, and never throws. */
  committed(task: TaskKey, head: Head): void;
  /**
   * Sends a delivery message for each config that has not received all events and has no job. Idempotent. Resolves to when
   * those configs should be looked at again (ms since 1970); undefined if there is none. @throws StoreError
   */
  remind(task: TaskKey, head: Head): Promise<number | undefined>;
  /**
   * The row of a config that comes with a message. `head` is absent when the message creates the task.
   * @throws TaskError `invalid`, StoreError
   */
  toRow(call: Call, config: TaskPushNotificationConfig, task: TaskKey, head?: Head): Promise<LogRow>;
}

import type { Message, TaskPushNotificationConfig } from "@a2a-js/sdk";
import type { TaskKey } from "../../ports/task-log.ts";
import type { Call, TaskAnswer } from "../task-engine.ts";
import type { HeldTurn } from "../turn/held-turns.ts";
import type { StoredHead } from "../log/transact.ts";

/** The turn that an accepted message began. */
export interface StartedTurn {
  readonly key: TaskKey;
  /**
   * The task right after the message was committed, or its current state when an earlier attempt was accepted. Absent
   * while the first commit is delayed, or when `turn` has it.
   */
  readonly snapshot?: TaskAnswer & { readonly generation: number };
  /** Absent when a work message starts the turn. */
  readonly turn?: HeldTurn;
}

/** A created task, by this call or by an earlier one with the same idempotency key. */
export interface Created extends Required<Pick<StartedTurn, "key" | "snapshot">> {
  /** Absent when another instance has taken the task since, or an earlier call created it. */
  readonly version?: StoredHead;
}

export type StartMode = "blocking" | "stream" | "immediate";

/**
 * Accepts a message. It is committed when this resolves, except in a short blocking call, which commits when its turn
 * ends. @throws TaskError
 */
export type StartTurn = (
  call: Call,
  key: TaskKey,
  message: Message,
  mode: StartMode,
  config: TaskPushNotificationConfig | undefined,
) => Promise<StartedTurn>;

/** A copy with new part objects: the log records per part object where its content is stored, for one task only. */
export function copyOf(message: Message): Message {
  return { ...message, parts: message.parts.map((part) => ({ ...part })) };
}

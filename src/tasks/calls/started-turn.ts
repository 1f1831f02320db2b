import type { Message, TaskPushNotificationConfig } from "@a2a-js/sdk";
import type { TaskKey } from "../../ports/task-log.ts";
import type { Call, TaskAnswer } from "../task-engine.ts";
import type { HeldTurn } from "../turn/held-turns.ts";
import type { StoredHead } from "../log/transact.ts";

/** What began with an accepted message. */
export interface StartedTurn {
  readonly key: TaskKey;
  /**
   * The task right after the message was committed, or as it is now where an earlier attempt was accepted; absent
   * while a first commit is held back or the turn tells itself.
   */
  readonly snapshot?: TaskAnswer & { readonly generation: number };
  /** Absent when a work message starts the turn. */
  readonly turn?: HeldTurn;
}

/** A first commit, by this call or an earlier one with its key. */
export interface Created extends Required<Pick<StartedTurn, "key" | "snapshot">> {
  /** Absent when somebody else has the task. */
  readonly version?: StoredHead;
}

export type StartMode = "blocking" | "stream" | "immediate";

/** Accepts a message. It is committed on return, except in a short blocking call, which commits when its turn ends. */
export type StartTurn = (
  call: Call,
  key: TaskKey,
  message: Message,
  mode: StartMode,
  config: TaskPushNotificationConfig | undefined,
) => Promise<StartedTurn>;

/** With parts of its own: the log remembers per part object where its content is, and that holds for one task. */
export function copyOf(message: Message): Message {
  return { ...message, parts: message.parts.map((part) => ({ ...part })) };
}

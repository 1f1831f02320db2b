import type { Message, TaskPushNotificationConfig } from "@a2a-js/sdk";
import type { Begun, StartMode } from "./begun.ts";
import { createTaskCreator } from "./create-task.ts";
import type { EngineParts } from "../engine-parts.ts";
import { createFollowUp } from "./follow-up.ts";
import type { HeldTurns } from "../turn/held-turns.ts";
import type { Tails } from "../tails.ts";
import type { Call } from "../task-engine.ts";

export interface Starter {
  /** Accepts a message: a new task, or the next turn of one that waits. Committed on return, but for a short blocking call. */
  start(call: Call, message: Message, mode: StartMode, config?: TaskPushNotificationConfig): Promise<Begun>;
}

export function createStarter(parts: EngineParts, turns: HeldTurns, tails: Tails): Starter {
  const create = createTaskCreator(parts, turns);
  const followUp = createFollowUp(parts, turns, tails);
  return {
    start: (call, message, mode, config) => (message.taskId === "" ? create : followUp)(call, message, mode, config),
  };
}

import type { TaskKey } from "../../ports/task-log.ts";
import type { EngineParts } from "../engine-parts.ts";
import { callPatience } from "../log/lease.ts";
import { isTaskId, readTask, withHistory } from "../log/read-task.ts";
import type { StoredTask } from "../log/read-task.ts";
import { retry } from "../retry.ts";
import type { Call, TaskAnswer } from "../task-engine.ts";
import { TaskError } from "../task-fault.ts";

/**
 * A caller's task with the agent of the call.
 * @throws TaskError `not-found`: another caller's task, or another agent's, does not exist for this call; `unavailable`
 */
export async function findTask(parts: EngineParts, call: Call, taskId: string): Promise<StoredTask> {
  const deadline = parts.clock.monotonic() + callPatience(parts.settings.lease);
  const stored = isTaskId(taskId)
    ? await retry(parts, deadline, () => readTask(parts, keyOf(call, taskId)))
    : undefined;
  if (!stored || stored.head.agent !== call.agent.id) {
    throw new TaskError({ code: "not-found", taskId });
  }
  return stored;
}

export function keyOf(call: Call, taskId: string): TaskKey {
  return { scope: call.caller.scope, taskId };
}

/** The task with at most `limit` messages of its history; what is shown whole keeps its text. */
export function toAnswer({ task, json }: TaskAnswer, limit: number | undefined): TaskAnswer {
  return limit === undefined ? { task, json } : shortened(task, json, limit);
}

function shortened(task: TaskAnswer["task"], json: string | undefined, limit: number): TaskAnswer {
  const shown = withHistory(task, limit);
  return shown === task ? { task, json } : { task: shown };
}

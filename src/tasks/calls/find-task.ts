import type { TaskKey } from "../../ports/task-log.ts";
import type { EngineParts } from "../engine-parts.ts";
import { readPatience } from "../log/lease.ts";
import { isTaskId, readTask, withHistory } from "../log/read-task.ts";
import type { StoredTask } from "../log/read-task.ts";
import { retry } from "../retry.ts";
import type { Call, TaskAnswer } from "../task-engine.ts";
import { TaskError } from "../task-fault.ts";

/**
 * Reads the caller's task that belongs to the agent of the call.
 * @throws TaskError `not-found`, also for a task of another caller or another agent; `unavailable`
 */
export async function findTask(parts: EngineParts, call: Call, taskId: string): Promise<StoredTask> {
  const deadline = parts.clock.monotonic() + readPatience(parts.settings.lease);
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

/** The task with the `limit` newest messages of its history. A task that is not shortened keeps its JSON text. */
export function toAnswer({ task, json }: TaskAnswer, limit: number | undefined): TaskAnswer {
  return limit === undefined ? { task, json } : shortened(task, json, limit);
}

function shortened(task: TaskAnswer["task"], json: string | undefined, limit: number): TaskAnswer {
  const shown = withHistory(task, limit);
  return shown === task ? { task, json } : { task: shown };
}

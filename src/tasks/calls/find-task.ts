import type { TaskKey } from "../../ports/task-log.ts";
import type { EngineParts } from "../engine-parts.ts";
import type { Head } from "../log/head.ts";
import { readPatience } from "../log/lease.ts";
import { readStoredHead } from "../log/transact.ts";
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

/** The head alone, which costs the same for a small task and a large one. @throws as `findTask` */
export async function findHead(parts: EngineParts, call: Call, taskId: string): Promise<Head> {
  const deadline = parts.clock.monotonic() + readPatience(parts.settings.lease);
  const stored = isTaskId(taskId)
    ? await retry(parts, deadline, () => readStoredHead(parts, keyOf(call, taskId)))
    : undefined;
  if (!stored || stored.head.purging || stored.head.agent !== call.agent.id) {
    throw new TaskError({ code: "not-found", taskId });
  }
  return stored.head;
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

import { Task, taskStateToJSON } from "@a2a-js/sdk";
import type { OpenRow } from "../../ports/task-index.ts";
import type { EngineParts } from "../engine-parts.ts";
import type { Head } from "../log/head.ts";
import { toJsonBytes } from "../log/json-bytes.ts";
import { retry } from "../retry.ts";

/** Longer status messages are left out of the list's row; the list then reads the task. */
const MAX_PROJECTION = 256 * 1024;

/**
 * Moves an ended task from open to done, in this order, so that it is always one of both (I15). May be repeated.
 * `leavesOpen` is false for a task that ended in its first commit, which was never open, and for one whose webhooks
 * have not heard of its end: by its open row the sweep sees to them.
 */
export async function finishIndex(
  parts: EngineParts,
  open: OpenRow,
  head: Head,
  task: Task,
  leavesOpen: boolean,
): Promise<void> {
  const { scope, taskId, agent } = open;
  const deadline = parts.clock.monotonic() + parts.settings.lease;
  const row = {
    scope,
    taskId,
    agent,
    contextId: head.contextId,
    state: taskStateToJSON(head.state),
    statusTime: head.statusTime,
    projection: toProjection(task),
  };
  await retry(parts, deadline, () => parts.index.putDone(row));
  if (leavesOpen) {
    await retry(parts, deadline, () => parts.index.deleteOpen(open));
  }
}

/** What a list shows of a task unless asked for more. */
function toProjection(task: Task): Uint8Array {
  const bytes = toJsonBytes(Task.toJSON({ ...task, artifacts: [], history: [] }));
  if (bytes.byteLength <= MAX_PROJECTION) {
    return bytes;
  }
  const status = task.status && { ...task.status, message: undefined };
  return toJsonBytes(Task.toJSON({ ...task, status, artifacts: [], history: [], metadata: undefined }));
}

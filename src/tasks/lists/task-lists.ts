import { Task, taskStateToJSON } from "@a2a-js/sdk";
import { retry } from "../retry.ts";
import type { OpenRow } from "../../ports/task-index.ts";
import type { TaskKey } from "../../ports/task-log.ts";
import type { EngineParts } from "../engine-parts.ts";
import type { Head } from "../log/head.ts";
import { readTask } from "../log/read-task.ts";
import { firstTakeableAt } from "../log/lease.ts";

/** Bytes of a task in a done row. A larger one is stored without its status message and metadata. */
const MAX_PROJECTION = 256 * 1024;

/**
 * Writes the done row of an ended task, then deletes its open row, so that it always has at least one of them (I15).
 * Idempotent. `leavesOpen` is false for a task that ended in its first commit and has no open row, and for a task whose
 * webhooks have not received all events: the sweep finds it by its open row.
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

/** The task as a list shows it when the request does not ask for artifacts or history. */
function toProjection(task: Task): string {
  const text = JSON.stringify(Task.toJSON({ ...task, artifacts: [], history: [] }));
  if (Buffer.byteLength(text) <= MAX_PROJECTION) {
    return text;
  }
  const status = task.status && { ...task.status, message: undefined };
  return JSON.stringify(Task.toJSON({ ...task, status, artifacts: [], history: [], metadata: undefined }));
}

/** The row by which the sweep finds a turn. It is due when the turn's first lease may be taken over. */
export function openRow({ clock, settings }: EngineParts, key: TaskKey, agent: string, turn: number): OpenRow {
  const created = clock.now();
  return { scope: key.scope, taskId: key.taskId, agent, turn, created, due: firstTakeableAt(created, settings.lease) };
}

/**
 * Updates the index for a task that was ended by an instance that did not hold it. The sweep repeats it when this
 * fails, and at `lookAgain` (ms since 1970) if webhooks lack events: the open row stays until then.
 */
export async function indexEndedTask(
  parts: EngineParts,
  key: TaskKey,
  head: Head,
  lookAgain: number | undefined = head.pushConfigs === 0
    ? undefined
    : firstTakeableAt(parts.clock.now(), parts.settings.lease),
): Promise<void> {
  try {
    const stored = await readTask(parts, key);
    if (stored) {
      const open = openRow(parts, key, head.agent, head.turn);
      await finishIndex(parts, open, stored.head, stored.task, lookAgain === undefined);
      if (lookAgain !== undefined) {
        // The open row of a task that waited for its caller is due late. A new one lets the sweep deliver soon.
        await parts.index.putOpen({ ...open, due: lookAgain });
      }
    }
  } catch (error) {
    parts.logger.warn("index.update-failed", { taskId: key.taskId, error: String(error) });
  }
}

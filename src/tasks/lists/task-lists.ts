import { Task, taskStateToJSON } from "@a2a-js/sdk";
import { retry } from "../retry.ts";
import type { OpenRow } from "../../ports/task-index.ts";
import type { TaskKey } from "../../ports/task-log.ts";
import type { EngineParts } from "../engine-parts.ts";
import type { Head } from "../log/head.ts";
import { readTask } from "../log/read-task.ts";
import { firstTakeableAt } from "../log/lease.ts";

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
function toProjection(task: Task): string {
  const text = JSON.stringify(Task.toJSON({ ...task, artifacts: [], history: [] }));
  if (Buffer.byteLength(text) <= MAX_PROJECTION) {
    return text;
  }
  const status = task.status && { ...task.status, message: undefined };
  return JSON.stringify(Task.toJSON({ ...task, status, artifacts: [], history: [], metadata: undefined }));
}

/** The row by which the sweep finds a turn: it looks when the turn's first lease could be taken over. */
export function openRow({ clock, settings }: EngineParts, key: TaskKey, agent: string, turn: number): OpenRow {
  const created = clock.now();
  return { scope: key.scope, taskId: key.taskId, agent, turn, created, due: firstTakeableAt(created, settings.lease) };
}

/**
 * Brings the index up to a task that ended without its holder. The sweep repeats it where this fails, and where webhooks
 * have not heard of everything yet.
 */
export async function endElsewhere(
  parts: EngineParts,
  key: TaskKey,
  head: Head,
  isHeard = head.pushConfigs === 0,
): Promise<void> {
  try {
    const stored = await readTask(parts, key);
    if (stored) {
      const open = openRow(parts, key, head.agent, head.turn);
      await finishIndex(parts, open, stored.head, stored.task, isHeard);
      if (!isHeard) {
        // A task that waited for its caller was not to be looked at for long; its webhooks are not to wait for that.
        await parts.index.putOpen(open);
      }
    }
  } catch (error) {
    parts.logger.warn("index.behind", { taskId: key.taskId, error: String(error) });
  }
}

import type { TaskKey } from "../ports/task-log.ts";
import type { EngineParts } from "./engine-parts.ts";
import { finishIndex } from "./finish-index.ts";
import type { Head } from "./head.ts";
import { openRow } from "./open-row.ts";
import { readTask } from "./read-task.ts";

/** Brings the index up to a task that ended without its holder. The sweep repeats it where this fails. */
export async function endElsewhere(parts: EngineParts, key: TaskKey, head: Head): Promise<void> {
  try {
    const stored = await readTask(parts, key);
    if (stored) {
      await finishIndex(parts, openRow(parts, key, head.agent, head.turn), stored.head, stored.task, true);
    }
  } catch (error) {
    parts.logger.warn("index.behind", { taskId: key.taskId, error: String(error) });
  }
}

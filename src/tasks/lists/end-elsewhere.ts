import type { TaskKey } from "../../ports/task-log.ts";
import type { EngineParts } from "../engine-parts.ts";
import { finishIndex } from "./finish-index.ts";
import type { Head } from "../log/head.ts";
import { openRow } from "./open-row.ts";
import { readTask } from "../log/read-task.ts";

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

import type { OpenRow } from "../../ports/task-index.ts";
import type { TaskKey } from "../../ports/task-log.ts";
import type { EngineParts } from "../engine-parts.ts";

/** The row by which the sweep finds a turn: it looks when the turn's first lease could be taken over. */
export function openRow({ clock, settings }: EngineParts, key: TaskKey, agent: string, turn: number): OpenRow {
  const created = clock.now();
  return { scope: key.scope, taskId: key.taskId, agent, turn, created, due: created + (settings.lease * 7) / 6 };
}

import type { OpenRow } from "../ports/task-index.ts";
import type { TaskKey } from "../ports/task-log.ts";
import type { EngineParts } from "./engine-parts.ts";

/** The row by which the sweep finds a turn: it looks half a lease after the turn's first lease would end. */
export function openRow({ clock, settings }: EngineParts, key: TaskKey, agent: string, turn: number): OpenRow {
  const created = clock.now();
  return { scope: key.scope, taskId: key.taskId, agent, turn, created, due: created + settings.lease * 1.5 };
}

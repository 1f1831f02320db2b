import type { TaskKey } from "../ports/task-log.ts";
import type { Head } from "../tasks/log/head.ts";
import type { PushParts } from "./push-parts.ts";

/** Has a config worked on that lacks events. Should the message be lost, the sweep finds the task. @throws StoreError */
export async function wake(parts: PushParts, key: TaskKey, { agent, turn }: Head, row: string): Promise<void> {
  const now = parts.clock.now();
  await parts.index.putOpen({ ...key, agent, turn, created: now, due: now + parts.settings.lease });
  await parts.queue.send({ kind: "push", ...key, config: row });
}

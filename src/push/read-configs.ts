import type { TaskKey, TaskLog } from "../ports/task-log.ts";
import { invalid } from "../tasks/task-fault.ts";
import { FIRST_CONFIG, LAST_CONFIG, parseConfigRow } from "./config-row.ts";
import type { PushConfig } from "./config-row.ts";

/** Configs of one task. */
const MAX_CONFIGS = 10;

/** Those of a task that are not about to go. @throws StoreError */
export async function readConfigs(log: TaskLog, key: TaskKey): Promise<PushConfig[]> {
  const rows = await log.readRange(key, FIRST_CONFIG, LAST_CONFIG);
  return rows.map(({ body }) => parseConfigRow(body)).filter(({ state }) => state !== "deleted");
}

/** @throws TaskError `invalid` where a task has as many as it may beside the one called `id` */
export function checkRoom(configs: readonly PushConfig[], id: string): void {
  if (configs.filter((config) => config.id !== id).length >= MAX_CONFIGS) {
    throw invalid("taskId", `has ${MAX_CONFIGS} push notification configs already; delete one first`);
  }
}

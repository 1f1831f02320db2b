import type { TaskKey } from "../ports/task-log.ts";
import { retry } from "../tasks/retry.ts";
import { readStoredHead } from "../tasks/log/transact.ts";
import { FIRST_CONFIG, LAST_CONFIG, parseConfigRow, toConfigRow } from "./config-row.ts";
import type { PushParts } from "./push-parts.ts";
import { wake } from "./push-parts.ts";

/** A config whose delivery an operator resumed. */
export interface RetriedConfig {
  readonly id: string;
  readonly url: string;
  /** Number of events that the webhook lacks. */
  readonly behind: number;
}

/** Resumes the disabled and waiting configs of a task, each from its cursor. Undefined if the task does not exist. */
export async function retryConfigs(parts: PushParts, key: TaskKey): Promise<readonly RetriedConfig[] | undefined> {
  const { clock, log, settings } = parts;
  const deadline = clock.monotonic() + settings.lease;
  const version = await retry(parts, deadline, () => readStoredHead(parts, key));
  if (!version || version.head.purging) {
    return undefined;
  }
  const { generation } = version.head;
  const retried: RetriedConfig[] = [];
  for (const { key: row } of await retry(parts, deadline, () => log.readRange(key, FIRST_CONFIG, LAST_CONFIG))) {
    const stored = await log.readVersioned(key, row);
    const config = stored && parseConfigRow(stored.body);
    if (!stored || !config || config.state === "deleted" || config.cursor >= generation) {
      continue;
    }
    await log.replaceRow(key, toConfigRow({ ...config, state: "active", failures: 0, nextAt: 0 }), stored.etag);
    await wake(parts, key, version.head, row);
    retried.push({ id: config.id, url: config.url, behind: generation - config.cursor });
  }
  return retried;
}

import type { TaskKey } from "../ports/task-log.ts";
import { retry } from "../tasks/retry.ts";
import { readStoredHead } from "../tasks/log/transact.ts";
import { FIRST_CONFIG, LAST_CONFIG, parseConfigRow, toConfigRow } from "./config-row.ts";
import type { PushConfig } from "./config-row.ts";
import type { PushParts } from "./push-parts.ts";
import { wake } from "./push-parts.ts";

/** A config whose delivery an operator resumed. */
export interface RetriedConfig {
  readonly id: string;
  readonly url: string;
  /** Number of events that the webhook lacks. */
  readonly behind: number;
  /** Why the last attempt failed; absent if none has failed since the last success. */
  readonly reason?: string;
  readonly wasDisabled: boolean;
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
    // A delivery that runs changes the row too: read it again, and decide again.
    const config = await retry(parts, deadline, () => resume(parts, key, row, generation));
    if (config) {
      await retry(parts, deadline, () => wake(parts, key, version.head, row));
      const { id, url, cursor, failures, state } = config;
      const reason = failures > 0 ? config.log.at(-1)?.outcome : undefined;
      const wasDisabled = state === "disabled";
      retried.push({ id, url, behind: generation - cursor, wasDisabled, ...(reason !== undefined && { reason }) });
    }
  }
  return retried;
}

/** Resolves to the config as it was before; undefined if its webhook lacks no event. @throws StoreError `conflict` */
async function resume(
  { clock, log }: PushParts,
  key: TaskKey,
  row: string,
  generation: number,
): Promise<PushConfig | undefined> {
  const stored = await log.readVersioned(key, row);
  const config = stored && parseConfigRow(stored.body);
  if (!stored || !config || config.state === "deleted" || config.cursor >= generation) {
    return undefined;
  }
  // A job that delivers now goes on by itself; a write to its row would only make it begin again.
  const isDelivering = config.state === "active" && config.lease !== undefined && config.lease.until > clock.now();
  if (!isDelivering) {
    await log.replaceRow(key, toConfigRow({ ...config, state: "active", failures: 0, nextAt: 0 }), stored.etag);
  }
  return config;
}

import type { LogWrite, TaskKey } from "../../ports/task-log.ts";
import { StoreError } from "../../ports/store-error.ts";
import type { EngineParts } from "../engine-parts.ts";
import { encodeHead } from "../log/head.ts";
import type { Head } from "../log/head.ts";
import { backOff, retry } from "../retry.ts";
import { readStoredHead, transact, writerOf } from "../log/transact.ts";
import type { StoredHead } from "../log/transact.ts";

/** Rows of one transaction, without the head. */
const ROWS_AT_ONCE = 99;

/**
 * Deletes a task if `isDue` returns true for its head. First hides the task, then deletes its payloads, its rows, its
 * head, and at last its done row, by which another pass finds the task if this one fails midway. Idempotent.
 * Resolves to whether the task is deleted. @throws TaskError `unavailable`
 */
export async function purgeTask(parts: EngineParts, key: TaskKey, isDue: (head: Head) => boolean): Promise<boolean> {
  const { clock, index, log, payloads } = parts;
  const deadline = clock.monotonic() + parts.settings.lease;
  for (let attempt = 0; ; attempt += 1) {
    const found = await retry(parts, deadline, () => readStoredHead(parts, key));
    if (!found) {
      return true;
    }
    const hidden = await hide(parts, key, found, isDue, deadline);
    if (!hidden) {
      return false;
    }
    await retry(parts, deadline, () => payloads.deleteAll(key));
    try {
      const etag = await deleteRows(parts, key, hidden);
      await log.remove(key, etag);
      const { agent, statusTime } = hidden.head;
      await retry(parts, deadline, () => index.deleteDone({ ...key, agent, statusTime }));
      parts.logger.info("task.purged", { taskId: key.taskId });
      return true;
    } catch (error) {
      // Another instance deletes the task too, or the answer was lost: read again what is left.
      if (!(error instanceof StoreError) || error.fault.code === "rejected") {
        throw error;
      }
      await backOff(parts, attempt, deadline, error);
    }
  }
}

async function hide(
  parts: EngineParts,
  key: TaskKey,
  from: StoredHead,
  isDue: (head: Head) => boolean,
  deadline: number,
): Promise<StoredHead | undefined> {
  if (from.head.purging) {
    return from;
  }
  const nonce = parts.random.id();
  const outcome = await transact(parts, {
    key,
    from,
    decide: (head) =>
      head && isDue(head) ? parts.rules.purge(head, writerOf(parts, nonce)) : { refused: { code: "idle" } },
    deadline,
  });
  if (outcome.code !== "refused") {
    return outcome.version;
  }
  const current = await retry(parts, deadline, () => readStoredHead(parts, key));
  return current?.head.purging ? current : undefined;
}

async function deleteRows(parts: EngineParts, key: TaskKey, { head, etag }: StoredHead): Promise<string> {
  const body = encodeHead(head);
  const keys = await parts.log.listKeys(key);
  let current = etag;
  for (let at = 0; at < keys.length; at += ROWS_AT_ONCE) {
    const deletes = keys.slice(at, at + ROWS_AT_ONCE).map((row): LogWrite => ({ op: "delete", key: row }));
    current = await parts.log.append(key, body, deletes, current);
  }
  return current;
}

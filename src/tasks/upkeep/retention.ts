import type { EndedTask } from "../../ports/task-index.ts";
import type { TaskKey } from "../../ports/task-log.ts";
import type { EngineParts } from "../engine-parts.ts";
import { hasLiveLease } from "../log/head.ts";
import type { Head } from "../log/head.ts";
import { purgeTask } from "./purge.ts";
import { UNWATCHED } from "../rounds.ts";
import type { RoundControl } from "../rounds.ts";
import { isTerminal } from "../log/task-state.ts";
import { readStoredHead } from "../log/transact.ts";

/** The longest time between two passes over the lists, and between two over everything that is stored, in ms. */
const PASS_EVERY = 3_600_000;
const SCAN_EVERY = 86_400_000;
/** Pages that one call reads. The next call continues there, so that each sweep is short. */
const PAGES_AT_ONCE = 10;

/** Deletes expired tasks (docs/architecture.md#lists-and-expiry). */
export interface Retention {
  /** Deletes some expired tasks if a pass is due. Resolves to the number of tasks deleted. */
  run(control?: RoundControl): Promise<number>;
}

/** Whether the task is past its retention. `now` in ms since 1970, `retention` and `inputTimeout` in ms. */
function isExpired(head: Head, now: number, retention: number, inputTimeout: number): boolean {
  if (isTerminal(head.state)) {
    return head.statusTime + retention <= now;
  }
  // The sweep has ended every acknowledged task long before this. It cannot find a task that was never acknowledged.
  return !hasLiveLease(head, now) && head.statusTime + inputTimeout + retention <= now;
}

/**
 * Finds expired tasks by the list of ended tasks. A slow scan of the whole store finds what is in no list: tasks and
 * payloads of attempts that crashed before they were acknowledged.
 */
export function createRetention(parts: EngineParts): Retention {
  const { clock, index, log, payloads, random, settings } = parts;
  const { inputTimeout, retention } = settings;
  const lists = createWalk(Math.min(PASS_EVERY, retention / 10), async (after, control) => {
    const { rows, next } = await index.listEnded(clock.now() - retention, after);
    return {
      removed: await each(rows, purgeListed, control),
      next,
    };
  });
  const tasks = createWalk(Math.min(SCAN_EVERY, retention), async (after, control) => {
    const { tasks: found, next } = await log.listTasks(after);
    return { removed: await each(found, purge, control), next };
  });
  const blobs = createWalk(Math.min(SCAN_EVERY, retention), async (after, control) => {
    const page = await payloads.list(after);
    const old = page.payloads.filter(({ stored }) => stored + retention <= clock.now()).map(({ task }) => task);
    return { removed: await each(old, deleteOrphans, control), next: page.next };
  });

  const hints = createWalk(Math.min(PASS_EVERY, retention / 10), async () => {
    await parts.inbox.clear(settings.lease);
    return { removed: 0, next: undefined };
  });

  return {
    async run(control = UNWATCHED) {
      await hints(control);
      return (await lists(control)) + (await tasks(control)) + (await blobs(control));
    },
  };

  /**
   * Also deletes a done row without a task, or one whose id now belongs to a newer task of the same idempotency key.
   */
  async function purgeListed(row: EndedTask): Promise<boolean> {
    const isGone = await purge(row);
    const version = isGone ? undefined : await readStoredHead(parts, row);
    if (isGone || (version && version.head.created > row.statusTime)) {
      await index.deleteDone(row);
    }
    return isGone;
  }

  function purge(key: TaskKey): Promise<boolean> {
    return purgeTask(parts, key, (head) => isExpired(head, clock.now(), retention, inputTimeout));
  }

  async function deleteOrphans(key: TaskKey): Promise<boolean> {
    if (await readStoredHead(parts, key)) {
      return false;
    }
    await payloads.deleteAll(key);
    return true;
  }

  async function each<T extends TaskKey>(
    items: readonly T[],
    remove: (item: T) => Promise<boolean>,
    { signal, progress }: RoundControl,
  ): Promise<number> {
    let removed = 0;
    for (const item of items) {
      progress();
      if (signal.aborted) {
        break;
      }
      try {
        removed += Number(await remove(item));
      } catch (error) {
        parts.logger.warn("retention.failed", { taskId: item.taskId, error: String(error) });
      }
    }
    return removed;
  }

  /** Visits some pages at each call and waits `every` ms between two passes. Instances start at random times. */
  function createWalk(
    every: number,
    visit: (
      after: string | undefined,
      control: RoundControl,
    ) => Promise<{ readonly removed: number; readonly next: string | undefined }>,
  ): (control: RoundControl) => Promise<number> {
    let due = clock.monotonic() + every * random.fraction();
    let after: string | undefined;
    return async (control) => {
      let sum = 0;
      for (let page = 0; page < PAGES_AT_ONCE && clock.monotonic() >= due && !control.signal.aborted; page += 1) {
        const { removed, next } = await visit(after, control);
        control.progress();
        sum += removed;
        if (control.signal.aborted) {
          // The page was not finished: the next round begins with it.
          break;
        }
        after = next;
        if (next === undefined) {
          due = clock.monotonic() + every;
        }
      }
      return sum;
    };
  }
}

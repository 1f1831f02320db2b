import type { Clock } from "../../ports/clock.ts";
import { StoreError } from "../../ports/store-error.ts";
import type { TaskLog } from "../../ports/task-log.ts";
import { graceAfterOutage } from "../log/lease.ts";

/** What this instance knows of the store's outages. */
export interface StoreReach {
  /**
   * Whether a lease that is over shows that its holder is lost. After an outage it does not: live holders could not renew
   * theirs either, and have not been heard yet.
   */
  canJudgeSilence(): boolean;
}

/** Watches the requests that an instance makes all the time. Resolves and rejects as the log does. */
export function watchStoreReach(
  log: TaskLog,
  clock: Clock,
  lease: number,
): { readonly log: TaskLog; readonly reach: StoreReach } {
  let lastAnswer = clock.monotonic();
  let hasFailed = false;
  let silentUntil = -Infinity;

  return {
    log: Object.assign(Object.create(log) as TaskLog, {
      append: (...args: Parameters<TaskLog["append"]>) => watch(log.append(...args)),
      readHead: (...args: Parameters<TaskLog["readHead"]>) => watch(log.readHead(...args)),
      readTask: (...args: Parameters<TaskLog["readTask"]>) => watch(log.readTask(...args)),
    }),
    reach: { canJudgeSilence: () => clock.monotonic() >= silentUntil },
  };

  async function watch<T>(request: Promise<T>): Promise<T> {
    try {
      const result = await request;
      answered();
      return result;
    } catch (error) {
      if (error instanceof StoreError && error.fault.code === "unknown") {
        hasFailed = true;
      } else {
        answered();
      }
      throw error;
    }
  }

  function answered(): void {
    const now = clock.monotonic();
    silentUntil = Math.max(silentUntil, graceEnds(lastAnswer, now, hasFailed, lease));
    lastAnswer = now;
    hasFailed = false;
  }
}

/**
 * Until when leases that are over are left to their holders, after an answer at `now` whose predecessor came at `before`.
 * Monotonic ms. Single failures are no outage: leases end only after 5/6 L without an answer.
 */
export function graceEnds(before: number, now: number, hasFailed: boolean, lease: number): number {
  return hasFailed && now - before > lease / 2 ? now + graceAfterOutage(lease) : -Infinity;
}

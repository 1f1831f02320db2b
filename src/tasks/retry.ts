import { StoreError } from "../ports/store-error.ts";
import { delay } from "../ports/clock.ts";
import type { TaskParts } from "./engine-parts.ts";
import { TaskError } from "./task-fault.ts";

/**
 * Repeats an idempotent operation until the store answers.
 * @throws TaskError `unavailable` when it did not answer by `deadline` (monotonic ms); StoreError `rejected` at once
 */
export async function retry<T>(parts: TaskParts, deadline: number, operation: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await operation();
    } catch (error) {
      if (!(error instanceof StoreError) || error.fault.code === "rejected") {
        throw error;
      }
      await backOff(parts, attempt, deadline, error);
    }
  }
}

/**
 * Waits before the next attempt: 20 ms, doubled up to 1 s, with jitter.
 * @throws TaskError `unavailable` past `deadline`
 */
export async function backOff(parts: TaskParts, attempt: number, deadline: number, cause?: unknown): Promise<void> {
  if (parts.clock.monotonic() >= deadline) {
    const message = "The task store did not answer in time. Retry later.";
    throw new TaskError({ code: "unavailable", message, retryAfter: 2 }, { cause });
  }
  await delay(parts.clock, Math.min(20 * 2 ** attempt, 1_000) * (0.5 + parts.random.fraction()));
}

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
      if (!isPassing(error)) {
        throw error;
      }
      await backOff(parts, attempt, deadline, error);
    }
  }
}

/** As `retry`, but does not wait for an attempt that lasts beyond the deadline. The attempt may still take effect. */
export async function retryInTime<T>(parts: TaskParts, deadline: number, operation: () => Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const cancel = parts.clock.after(Math.max(deadline - parts.clock.monotonic(), 0), () => late.reject(noAnswer()));
  try {
    return await Promise.race([retry(parts, deadline, operation), late.promise]);
  } finally {
    cancel();
  }
}

/**
 * Repeats an idempotent operation until the store answers, or `signal` aborts.
 * @throws the signal's reason; StoreError `rejected` at once
 */
export async function retryUntil<T>(parts: TaskParts, signal: AbortSignal, operation: () => Promise<T>): Promise<T> {
  const over = Promise.withResolvers<never>();
  const end = (): void => over.reject(signal.reason);
  signal.addEventListener("abort", end);
  try {
    for (let attempt = 0; ; attempt += 1) {
      signal.throwIfAborted();
      try {
        return await Promise.race([operation(), over.promise]);
      } catch (error) {
        if (!isPassing(error)) {
          throw error;
        }
        await delay(parts.clock, pauseAfter(parts, attempt, error), signal);
      }
    }
  } finally {
    signal.removeEventListener("abort", end);
  }
}

/**
 * Waits before the next attempt: 20 ms, doubled up to 1 s, with jitter; longer if the store sent Retry-After.
 * @throws TaskError `unavailable` if that is past `deadline`
 */
export async function backOff(parts: TaskParts, attempt: number, deadline: number, cause?: unknown): Promise<void> {
  const now = parts.clock.monotonic();
  const asked = retryAfterOf(cause);
  if (now >= deadline || now + asked > deadline) {
    throw noAnswer(cause);
  }
  await delay(parts.clock, pauseAfter(parts, attempt, cause));
}

function pauseAfter(parts: TaskParts, attempt: number, cause: unknown): number {
  const usual = Math.min(20 * 2 ** attempt, 1_000) * (0.5 + parts.random.fraction());
  return Math.max(usual, retryAfterOf(cause));
}

/** Whether a later attempt may succeed. */
function isPassing(error: unknown): boolean {
  return error instanceof StoreError && error.fault.code !== "rejected";
}

function retryAfterOf(cause: unknown): number {
  return cause instanceof StoreError ? (cause.fault.retryAfter ?? 0) : 0;
}

/** Seconds after which a caller may try again, unless the store names a longer time. */
const TRY_AGAIN = 2;

function noAnswer(cause?: unknown): TaskError {
  const message = "The task store did not answer in time. Retry later.";
  const retryAfter = Math.max(TRY_AGAIN, Math.ceil(retryAfterOf(cause) / 1_000));
  return new TaskError({ code: "unavailable", message, retryAfter }, { cause });
}

import type { Clock } from "../../ports/clock.ts";

/** The result of `work`. @throws Error `TimeoutError` after `ms`; `work` continues, but its result is ignored. */
export async function within<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const cancel = clock.after(ms, () => late.reject(new DOMException("no answer in time", "TimeoutError")));
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    cancel();
  }
}

import type { Clock } from "../../ports/clock.ts";

/** What `work` comes to. @throws Error `TimeoutError` when that takes longer than `ms`; nobody waits for it then. */
export async function within<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const cancel = clock.after(ms, () => late.reject(new DOMException("no answer in time", "TimeoutError")));
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    cancel();
  }
}

import type { Clock } from "../ports/clock.ts";

/** The clock of this machine. */
export function createSystemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    after(ms, run) {
      const timer = setTimeout(run, Math.min(ms, LONGEST_TIMEOUT)).unref();
      return () => clearTimeout(timer);
    },
  };
}

/** Beyond it, about 24.8 days, setTimeout would fire at once. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

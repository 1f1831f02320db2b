import type { Clock } from "../../ports/clock.ts";
import { randomUUID } from "node:crypto";
import type { Random } from "../../ports/random.ts";

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

/** The longest delay of setTimeout, about 24.8 days; longer ones fire at once. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** Ids from a cryptographic random generator; jitter from Math.random. */
export function createSystemRandom(): Random {
  return { id: () => randomUUID(), fraction: () => Math.random() };
}

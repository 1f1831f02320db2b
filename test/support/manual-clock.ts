import type { Clock } from "../../src/ports/clock.ts";

/** A clock that moves only when a test advances it. Timers that become due then run at once, in order. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
  /** Ms until each pending timer is due, soonest first. */
  waiting(): readonly number[];
}

export function createManualClock(start: number): ManualClock {
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  let elapsed = 0;
  return {
    now: () => start + elapsed,
    monotonic: () => elapsed,
    after(ms, run) {
      const timer = { at: elapsed + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    waiting: () => [...timers].map(({ at }) => at - elapsed).toSorted((one, other) => one - other),
    advance(ms) {
      elapsed += ms;
      for (const timer of [...timers].filter(({ at }) => at <= elapsed).toSorted((one, other) => one.at - other.at)) {
        if (timers.delete(timer)) timer.run();
      }
    },
  };
}

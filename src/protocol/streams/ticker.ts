import type { Clock } from "../../ports/clock.ts";

/** Something that wants to be looked at from time to time. */
export interface Ticking {
  /** `now` is the clock's monotonic time. */
  tick(now: number): void;
}

/** One timer for any number of streams and calls: a timer each would cost more than a short call itself. */
export interface Ticker {
  readonly all: ReadonlySet<Ticking>;
  add(one: Ticking): void;
  remove(one: Ticking): void;
}

/** Ticks every `interval` ms while there is anything to look at. */
export function createTicker(clock: Clock, interval: number): Ticker {
  const all = new Set<Ticking>();
  let isRunning = false;

  return {
    all,
    add(one) {
      all.add(one);
      if (!isRunning) {
        isRunning = true;
        clock.after(interval, tick);
      }
    },
    remove(one) {
      all.delete(one);
    },
  };

  function tick(): void {
    const now = clock.monotonic();
    // A copy: what joins during this tick waits for the next.
    for (const one of Array.from(all)) {
      one.tick(now);
    }
    isRunning = all.size > 0;
    if (isRunning) {
      clock.after(interval, tick);
    }
  }
}

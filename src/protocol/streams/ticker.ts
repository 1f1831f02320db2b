import type { Clock } from "../../ports/clock.ts";

/** Something that is called at each tick. */
export interface Ticking {
  /** `now` is the clock's monotonic time. */
  tick(now: number): void;
}

/** One timer for any number of streams and calls. A timer for each would cost more than a short call. */
export interface Ticker {
  readonly all: ReadonlySet<Ticking>;
  add(one: Ticking): void;
  remove(one: Ticking): void;
}

/** Ticks every `interval` ms while it has members. */
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
    // A copy, so that members added during this tick wait for the next.
    for (const one of Array.from(all)) {
      one.tick(now);
    }
    isRunning = all.size > 0;
    if (isRunning) {
      clock.after(interval, tick);
    }
  }
}

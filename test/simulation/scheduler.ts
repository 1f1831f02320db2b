import type { Clock } from "../../src/ports/clock.ts";

/** Virtual time for a whole world of processes. Time stands still while code runs and jumps to the next timer. */
export interface Scheduler {
  readonly now: number;
  at(time: number, process: SimProcess, run: () => void): () => void;
  /** Lets time pass as if every process had been stopped: what is due meanwhile comes late. */
  skip(ms: number): void;
  /** Runs timers in order until `condition` holds. False when `until` (virtual ms) came first. */
  runUntil(condition: () => boolean, until: number): Promise<boolean>;
}

/** Something that can be killed, or stopped and continued like a process. */
export interface SimProcess {
  readonly name: string;
  dead: boolean;
  /** Virtual time at which a stopped process goes on; 0 when it runs. */
  stoppedUntil: number;
  /** Milliseconds its wall clock is ahead. */
  skew: number;
}

interface Timer {
  time: number;
  readonly order: number;
  readonly process: SimProcess;
  readonly run: () => void;
}

/** Wall clock at virtual time 0: 2026-01-01T00:00:00Z. */
const EPOCH = 1_767_225_600_000;

export function createScheduler(): Scheduler {
  const timers = new Set<Timer>();
  let now = 0;
  let order = 0;

  return {
    get now() {
      return now;
    },
    at(time, process, run) {
      const timer = { time: Math.max(time, now), order: (order += 1), process, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    skip(ms) {
      now += ms;
    },
    async runUntil(condition, until) {
      for (;;) {
        await settle();
        if (condition()) {
          return true;
        }
        const timer = earliest();
        if (!timer || timer.time > until) {
          now = Math.max(now, Math.min(until, timer?.time ?? until));
          return false;
        }
        timers.delete(timer);
        now = Math.max(now, timer.time);
        if (timer.process.dead) {
          continue;
        }
        if (timer.process.stoppedUntil > now) {
          timer.time = timer.process.stoppedUntil;
          timers.add(timer);
          continue;
        }
        timer.run();
      }
    },
  };

  function earliest(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (!first || timer.time < first.time || (timer.time === first.time && timer.order < first.order)) {
        first = timer;
      }
    }
    return first;
  }
}

export function clockOf(scheduler: Scheduler, process: SimProcess): Clock {
  return {
    now: () => EPOCH + Math.floor(scheduler.now) + process.skew,
    monotonic: () => scheduler.now,
    after: (ms, run) => scheduler.at(scheduler.now + Math.max(ms, 0), process, run),
  };
}

/** Lets every promise that can go on do so: nothing in a simulated world waits for real input or time. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** The sweep of an instance that the timer may have forgotten. */
export interface Sweeping {
  /** Sweeps, or waits for the sweep that is in progress. */
  now(): Promise<void>;
  /** Sweeps if this instance has not for as long as the timer's interval. Never rejects. */
  whenDue(): Promise<void>;
}

/**
 * One instance owns the timer, and when it is killed no other one gets the timer for up to a minute. Every instance that
 * has calls or messages therefore sweeps too, `every` ms at most. `onFailed` is called where no caller learns of a failure.
 */
export function createSweeping(
  sweep: () => Promise<unknown>,
  every: number,
  now: () => number,
  onFailed: (error: unknown) => void,
): Sweeping {
  let due = now();
  let running: Promise<void> | undefined;

  return {
    now: run,
    async whenDue() {
      if (!running && now() >= due) {
        await run().catch(onFailed);
      }
    },
  };

  function run(): Promise<void> {
    due = now() + every;
    running ??= sweep()
      .then(() => {})
      .finally(() => {
        running = undefined;
      });
    return running;
  }
}

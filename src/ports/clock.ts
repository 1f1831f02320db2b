/** The engine's source of time. The simulation has its own. */
export interface Clock {
  /** Milliseconds since the epoch; may jump, and differs between instances. */
  now(): number;
  /** Milliseconds that never decrease, for measuring leases. */
  monotonic(): number;
  /** Calls `run` once after `ms`. The returned function cancels it. Never keeps the process alive. */
  after(ms: number, run: () => void): () => void;
}

/** Resolves after `ms`, or as soon as the signal aborts. */
export function delay(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const finish = (): void => {
      cancel();
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const cancel = clock.after(ms, finish);
    signal?.addEventListener("abort", finish);
  });
}

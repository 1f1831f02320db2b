import type { Clock } from "../ports/clock.ts";

/** Passed to each round. */
export interface RoundControl {
  /** Aborted when the round should do nothing more: at shutdown, or when it has stalled. */
  readonly signal: AbortSignal;
  /** To be called when part of the work is done: a round stalls only without progress. */
  readonly progress: () => void;
}

/** The rounds of one background job, with a watchdog: a round that hangs does not stop the next one. */
export interface Rounds {
  /** One round now. Resolves when it has ended or stalled. Never rejects. */
  run(): Promise<void>;
  /** Runs a round `every` ms after the last one, until `stop`. */
  start(every: number): void;
  /** Aborts the running round, and begins no other. */
  stop(): void;
  /** Says what is wrong with the rounds that `start` began; undefined if nothing is. */
  problem(): string | undefined;
}

export interface RoundParts {
  /** A round without progress for this many ms has stalled. */
  readonly limit: number;
  readonly round: (control: RoundControl) => Promise<unknown>;
  readonly onStalled: () => void;
  readonly onFailed: (error: unknown) => void;
}

/** For a round that is neither stopped nor watched, as in tests. */
export const UNWATCHED: RoundControl = { signal: new AbortController().signal, progress: () => {} };

export function createRounds(clock: Clock, { limit, round, onStalled, onFailed }: RoundParts): Rounds {
  const running = new Set<AbortController>();
  let isStopped = false;
  let every: number | undefined;
  let lastEnd = 0;
  let last: "ended" | "failed" | "stalled" = "ended";
  let cancelNext = (): void => {};

  return {
    run,
    start(ms) {
      every = ms;
      lastEnd = clock.monotonic();
      next(ms);
    },
    stop() {
      isStopped = true;
      cancelNext();
      for (const abort of running) {
        abort.abort();
      }
    },
    problem() {
      const age = clock.monotonic() - lastEnd;
      if (every === undefined || isStopped) {
        return undefined;
      }
      if (last !== "ended" || age > 2 * every + limit) {
        return `${last === "failed" ? "the last round failed" : "a round stalled"}; none has ended for ${Math.round(age / 1_000)} s`;
      }
      return undefined;
    },
  };

  function next(ms: number): void {
    cancelNext = clock.after(ms, () => void runAgain(ms));
  }

  async function runAgain(ms: number): Promise<void> {
    await run();
    if (!isStopped) {
      next(ms);
    }
  }

  async function run(): Promise<void> {
    if (isStopped) {
      return;
    }
    const abort = new AbortController();
    const stalled = Promise.withResolvers<"stalled">();
    const stall = (): void => stalled.resolve("stalled");
    abort.signal.addEventListener("abort", stall);
    let cancelWatch = clock.after(limit, stall);
    const progress = (): void => {
      cancelWatch();
      cancelWatch = clock.after(limit, stall);
    };
    running.add(abort);
    try {
      const ending = round({ signal: abort.signal, progress }).then(() => "ended" as const);
      last = await Promise.race([ending, stalled.promise]);
      if (last === "ended") {
        lastEnd = clock.monotonic();
      } else if (!isStopped) {
        onStalled();
      }
    } catch (error) {
      last = "failed";
      onFailed(error);
    } finally {
      cancelWatch();
      abort.abort();
      running.delete(abort);
    }
  }
}

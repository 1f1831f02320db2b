import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Probe } from "../../ports/probe.ts";
import type { DurableEngine } from "../engine.ts";
import { createRounds } from "../rounds.ts";

/** The background jobs over the tasks of all instances. The sweep and retention do not wait for each other. */
export interface Upkeep {
  /** One round of each, for a host with a timer. Resolves when both have ended or stalled. Never rejects. */
  run(): Promise<void>;
  /** Rounds `every` ms apart until `stop`, for a host without a timer. */
  start(every: number): void;
  /** Aborts the running rounds without waiting for them. */
  stop(): void;
  /** Report whether the rounds that `start` began end. */
  readonly probes: readonly Probe[];
}

/** A round of the sweep without progress for this many ms has stalled; L where that is longer. */
const SWEEP_STALLS = 15_000;
/** The same for retention, which waits longer for each task. */
const RETENTION_STALLS = 60_000;

export function createUpkeep(
  engine: Pick<DurableEngine, "sweep" | "retain">,
  clock: Clock,
  logger: Logger,
  lease: number,
): Upkeep {
  const sweep = createRounds(clock, {
    limit: Math.max(SWEEP_STALLS, lease),
    round: (control) => engine.sweep(control),
    onStalled: () => logger.warn("sweep.stalled"),
    onFailed: (error) => logger.warn("sweep.failed", { error: String(error) }),
  });
  const retention = createRounds(clock, {
    limit: Math.max(RETENTION_STALLS, 2 * lease),
    round: (control) => engine.retain(control),
    onStalled: () => logger.warn("retention.stalled"),
    onFailed: (error) => logger.warn("retention.failed", { error: String(error) }),
  });

  return {
    async run() {
      await Promise.all([sweep.run(), retention.run()]);
    },
    start(every) {
      sweep.start(every);
      retention.start(every);
    },
    stop() {
      sweep.stop();
      retention.stop();
    },
    probes: [
      { name: "sweep", isRequired: false, check: async () => sweep.problem() },
      { name: "retention", isRequired: false, check: async () => retention.problem() },
    ],
  };
}

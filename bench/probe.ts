import { setImmediate } from "node:timers/promises";

/**
 * Loaded into a server's process with `--import`. Reports the process's CPU time and memory to the benchmark, and ends
 * the process with the benchmark. All servers load it, so that their numbers are comparable.
 */
process.on("message", (what) => void answer(what as Probed));
process.on("disconnect", () => process.exit());

async function answer(what: Probed): Promise<void> {
  process.send?.(await answers[what]());
}

const answers = {
  /** User and system time of all threads, in microseconds. */
  cpu() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  /** Heap and external memory after a full collection, in bytes. */
  async memory() {
    // Twice, because the second collection frees what the first one finalized.
    for (let collection = 0; collection < 2; collection += 1) {
      globalThis.gc?.();
      await setImmediate();
    }
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  },
} as const;

export type Probed = keyof typeof answers;

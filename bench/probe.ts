import { setImmediate } from "node:timers/promises";

/**
 * Loaded into a server's process with `--import`: answers the benchmark about this process, and ends it with the
 * benchmark. Both servers are asked in this way, so that the numbers mean the same on both sides.
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
  /** The heap and what it holds outside, after a full collection, in bytes. */
  async memory() {
    // Twice: what the first collection finalizes, the second frees.
    for (let collection = 0; collection < 2; collection += 1) {
      globalThis.gc?.();
      await setImmediate();
    }
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  },
} as const;

export type Probed = keyof typeof answers;

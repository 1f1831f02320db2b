import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import type { Violation } from "../simulation/checker.ts";
import type { FleetHost } from "./host-fleet.ts";

/** How far above its start a host may stay, and how long it has to come back, in MiB and ms. */
const ABOVE = 100;
const PATIENCE = 30_000;

/** MiB of a process that are in memory; 0 where that cannot be read. */
export function toResidentMiB(pid: number): number {
  try {
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1_024);
  } catch {
    return 0;
  }
}

/**
 * Every host that is alive comes back to about the memory that it started with. Garbage is collected as memory is needed, so
 * `work` gives them something to do.
 */
export async function checkMemory(hosts: readonly FleetHost[], work: () => Promise<void>): Promise<Violation[]> {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    const above = hosts.filter(({ memory, process }) => toResidentMiB(process.pid) > memory + ABOVE);
    if (above.length === 0 || performance.now() > deadline) {
      return above.map(({ memory, process }) => ({
        invariant: "memory",
        detail: `${process.url} began with ${memory} MiB and stays at ${toResidentMiB(process.pid)} MiB`,
      }));
    }
    await work();
    await wait(100);
  }
}

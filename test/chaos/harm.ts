import { createSystemClock } from "../../src/adapters/system/clock.ts";
import type { Agent } from "../../src/ports/agent.ts";
import { createPoisonAgents } from "../simulation/poison-agents.ts";
import type { Prng } from "../simulation/prng.ts";
import type { SimClient, StalledReader } from "../simulation/sim-client.ts";
import type { Fleet } from "./host-fleet.ts";
import { realHost, verbose } from "./harmful-agents.ts";

/** Agents that only {@link startHarm} uses. */
export const HARMFUL: readonly Agent[] = [...createPoisonAgents(createSystemClock(), realHost), verbose];

export interface Harm {
  /** Ends it all; the readers leave. */
  stop(): Promise<void>;
  /** How many readers stalled, and how often a clock jumped. */
  stalled(): number;
  jumps(): number;
}

/** Readers of one host at once, and the pause between two rounds of harm, in ms. */
const READERS = 12;
const PAUSE = 4_000;

/** Poison turns, readers that take one event of six megabytes, and clocks that jump within a sixth of a lease. */
export async function startHarm(
  fleet: Fleet,
  client: SimClient,
  prng: Prng,
  lease: number,
  /** Whether it is too late for a poison turn to end by itself. */
  isLate: () => boolean,
  progress: (line: string) => void,
): Promise<Harm> {
  const stopped = new AbortController();
  const readers: StalledReader[] = [];
  const begun: Promise<unknown>[] = [];
  let timer: NodeJS.Timeout | undefined;
  let jumps = 0;
  let poison = prng.pick(["lethal", "blocking"]);
  let round = 0;
  while (client.lastOf("verbose") === undefined) {
    await client.begin("verbose");
  }
  again(PAUSE / 2);
  return {
    async stop() {
      stopped.abort();
      clearTimeout(timer);
      for (const host of fleet.alive()) {
        host.setAhead?.(0);
      }
      await Promise.all(begun);
      await Promise.all(readers.map((reader) => reader.leave().catch(() => {})));
    },
    stalled: () => readers.length,
    jumps: () => jumps,
  };

  function again(after: number): void {
    timer = setTimeout(() => {
      begun.push(act().catch((error: unknown) => progress(`harm: ${String(error)}`)));
      if (!stopped.signal.aborted) {
        again(PAUSE);
      }
    }, after);
  }

  async function act(): Promise<void> {
    const alive = fleet.alive();
    if (alive.length === 0) {
      return;
    }
    const host = prng.pick(alive);
    const ahead = (prng.int(-lease, lease) / 12) * 0.9;
    if (host.setAhead) {
      jumps += 1;
      host.setAhead(Math.round(ahead) / 1_000);
    }
    round += 1;
    if (round % 2 === 0) {
      const task = client.lastOf("verbose");
      const stalled = await Promise.all(Array.from({ length: READERS }, () => client.stall(host, task)));
      const open = stalled.filter((reader) => reader !== undefined);
      readers.push(...open);
      progress(`${open.length} stalled readers`);
    } else if (!isLate()) {
      progress(`a ${poison} turn`);
      await client.begin(poison);
      poison = poison === "lethal" ? "blocking" : "lethal";
    }
  }
}

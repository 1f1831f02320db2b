import type { Outage } from "./fault-injection.ts";
import type { Prng } from "./prng.ts";
import type { World } from "./world.ts";
import { LEASE } from "./world.ts";

/**
 * What a world may meet besides calls that fail. A seed has each of them or not, so that what one of them breaks shows
 * without the others; `--without NAME` leaves one out of all seeds.
 */
export const TROUBLES = [
  /** Instances are killed, paused past their lease and continued, or shut down. */
  "crashes",
  /** Calls get no answer. */
  "hangs",
  /** One endpoint at a time is refused, silent or throttled, for up to five leases. */
  "outages",
  /** Turns crash or block the instance that runs them. */
  "poison",
  /** Readers take one event and then no more. */
  "stalled",
  /** Wall clocks jump, within the sixth of a lease that is allowed. */
  "clocks",
  /** Wall clocks jump by up to a lease. */
  "wild-clocks",
  /** New instances no longer serve one agent. */
  "retired",
] as const;

export type Trouble = (typeof TROUBLES)[number];

const CHANCES: Readonly<Record<Trouble, number>> = {
  crashes: 0.6,
  hangs: 0.4,
  outages: 0.4,
  poison: 0.25,
  stalled: 0.3,
  clocks: 0.3,
  "wild-clocks": 0.1,
  retired: 0.15,
};

export function chooseTroubles(prng: Prng, without: ReadonlySet<Trouble>): ReadonlySet<Trouble> {
  return new Set(TROUBLES.filter((trouble) => prng.chance(CHANCES[trouble]) && !without.has(trouble)));
}

/** One endpoint stops working, and works again. Only the queue may be away for so long that takeover has to do without. */
export async function interrupt(world: World, beforeEnd: (outage: Outage) => Promise<void>): Promise<void> {
  const { prng, scheduler } = world;
  const endpoint = prng.pick(["table", "queue", "blob"] as const);
  const outage: Outage = {
    endpoint,
    kind: prng.pick(["refused", "silent", "throttled"] as const),
    since: scheduler.now,
  };
  world.faults.outage = outage;
  world.note(`${endpoint} is ${outage.kind}`);
  await world.sleep(prng.int(1_000, LEASE * (endpoint === "queue" ? 5 : 3)));
  if (world.faults.outage === outage) {
    await beforeEnd(outage);
    world.faults.outage = undefined;
    world.note(`${endpoint} works again`);
  }
}

/** Sets the wall clock of one instance: by up to a sixth of a lease from any other, or by up to a whole one. */
export function jump(world: World, isWild: boolean): void {
  const { prng } = world;
  const { process } = prng.pick(world.alive());
  const most = isWild ? LEASE : LEASE / 12;
  process.skew = prng.int(-most, most);
  world.note(`${process.name} clock ${process.skew}`);
  if (isWild) {
    world.crashed("clock");
  }
}

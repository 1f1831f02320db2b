import { setTimeout as wait } from "node:timers/promises";
import type { StorageAccount } from "../../src/adapters/storage-account/storage-account.ts";
import { parseHead } from "../../src/tasks/log/head.ts";
import { endsTurn } from "../../src/tasks/log/task-state.ts";
import type { Prng } from "../simulation/prng.ts";
import type { Fleet, FleetHost, HostVersion } from "./host-fleet.ts";

/** A turn whose holder was taken from it. */
export interface Orphan {
  readonly taskId: string;
  readonly epoch: number;
  /** Ms since the epoch. */
  readonly since: number;
}

export interface Disturbance {
  readonly kills: number;
  readonly stops: number;
  readonly terms: number;
  readonly orphans: readonly Orphan[];
  /** When hosts were killed, stopped or told to end, in ms since the epoch. */
  readonly times: readonly number[];
  /** Resolves when every paused host has been continued. */
  readonly continued: Promise<unknown>;
  /** Hosts that did not end in order when they were asked to. */
  readonly stuck: readonly string[];
}

/**
 * Kills hosts, stops one for longer than its leases and lets it go on, ends one in order, until `isOver`. Each is
 * replaced; somebody is always left.
 */
export async function disturb(
  fleet: Fleet,
  store: StorageAccount,
  scope: string,
  prng: Prng,
  lease: number,
  isOver: () => boolean,
  /** Of the host that replaces one. */
  nextVersion: () => HostVersion = () => "new",
): Promise<Disturbance> {
  const counts = { kills: 0, stops: 0, terms: 0 };
  const orphans: Orphan[] = [];
  const stuck: string[] = [];
  const times: number[] = [];
  const resumed: Promise<void>[] = [];

  // Whatever the seed, a host that works is killed and one is stopped.
  await kill(await busiest());
  await stop(await busiest());
  while (!isOver()) {
    await wait(prng.int(1_500, 4_000));
    const alive = fleet.alive();
    if (alive.length < 2 || isOver()) {
      continue;
    }
    const victim = prng.pick(alive);
    switch (prng.int(0, 3)) {
      case 0:
        await terminate(victim);
        break;
      case 1:
        await stop(victim);
        break;
      default:
        await kill(victim);
    }
  }
  return { ...counts, orphans, stuck, times, continued: Promise.all(resumed) };

  async function kill(victim: FleetHost): Promise<void> {
    counts.kills += 1;
    await fleet.kill(victim);
    const since = Date.now();
    times.push(since);
    await Promise.all([note(victim, since), fleet.start(nextVersion())]);
  }

  /** Past the lease and the time that others add to it, so that somebody takes over before it goes on. */
  async function stop(victim: FleetHost): Promise<void> {
    counts.stops += 1;
    times.push(Date.now());
    fleet.stop(victim);
    await note(victim, Date.now());
    resumed.push(wait(lease * 1.5 + prng.int(0, lease)).then(() => fleet.resume(victim)));
  }

  async function terminate(victim: FleetHost): Promise<void> {
    counts.terms += 1;
    times.push(Date.now());
    const [, code] = await Promise.all([fleet.start(nextVersion()), fleet.terminate(victim)]);
    if (code !== 0 && victim.version === "new") {
      stuck.push(`host ${fleet.all.indexOf(victim)} ended with ${code} after SIGTERM`);
    }
  }

  /** Waits for a host that holds turns, and picks the one with most. */
  async function busiest(): Promise<FleetHost> {
    for (;;) {
      await wait(500);
      const held = await readHeld();
      const [first] = fleet
        .alive()
        .map((host) => ({ host, turns: held.filter(({ holder }) => holder === host.instance).length }))
        .toSorted((one, other) => other.turns - one.turns);
      if (first && (first.turns > 0 || isOver())) {
        return first.host;
      }
    }
  }

  /** The turns that the victim held, as the store knows them now. */
  async function note({ instance }: FleetHost, since: number): Promise<void> {
    const held = await readHeld();
    orphans.push(
      ...held.filter(({ holder }) => holder === instance).map(({ taskId, epoch }) => ({ taskId, epoch, since })),
    );
  }

  async function readHeld(): Promise<{ readonly taskId: string; readonly epoch: number; readonly holder: string }[]> {
    const due = await store.index.listDue(Number.MAX_SAFE_INTEGER / 2, 1_000);
    const heads = await Promise.all(
      due
        .filter(({ row }) => row.scope === scope)
        .map(async ({ row }) => {
          const stored = await store.log.readHead(row);
          const head = stored && parseHead(stored.body);
          return head?.lease && !endsTurn(head.state)
            ? [{ taskId: row.taskId, epoch: head.epoch, holder: head.lease.holder }]
            : [];
        }),
    );
    return heads.flat();
  }
}

import { calm, createWorld, LEASE, OBLIVION } from "./world.ts";
import type { World } from "./world.ts";
import { check, checkIndex, checkOblivion, checkResumed } from "./checker.ts";
import type { Violation } from "./checker.ts";
import { checkHarm, checkLoops, checkRequests, checkWithoutQueue } from "./fault-checker.ts";
import type { Mutation } from "./mutations.ts";
import { clockOf } from "./scheduler.ts";
import { createSimAgents } from "./sim-agents.ts";
import { createSimClient, SCOPE } from "./sim-client.ts";
import type { SimClient, StalledReader } from "./sim-client.ts";
import { checkStalledReaders } from "./stalled-readers.ts";
import { chooseTroubles, interrupt, jump } from "./troubles.ts";
import type { Trouble } from "./troubles.ts";
import { checkWebhooks } from "./webhook-checker.ts";
import { createTranscript } from "./transcript.ts";

export interface SimulationResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly troubles: readonly Trouble[];
  readonly tasks: number;
  readonly kills: number;
  readonly faults: number;
  /** What every process logged, in virtual time. */
  readonly log: readonly string[];
}

export interface SimulationOptions {
  readonly mutation?: Mutation | undefined;
  readonly without?: ReadonlySet<Trouble>;
}

/** Virtual ms of trouble, and the most that a world may take to come to rest after it. */
const TROUBLE = 40_000;
const REST = 900_000;

/** One world from one seed: the same seed gives the same run to the last event. */
export async function simulateSeed(
  seed: number,
  { mutation, without = new Set() }: SimulationOptions = {},
): Promise<SimulationResult> {
  const world = createWorld(seed, mutation);
  const { prng, scheduler } = world;
  const rate = prng.pick([0, 0.01, 0.05]);
  const troubles = chooseTroubles(prng, without);
  const hung = troubles.has("hangs") ? 0.01 : 0;
  world.faults.plan = { failBefore: rate, failAfter: rate, late: rate / 2, slow: rate, hung, stuck: hung * 3 };
  const transcript = createTranscript(SCOPE, true);
  const violations: Violation[] = [];
  let kills = 0;
  let running = 0;

  for (let instance = prng.int(1, 3); instance > 0; instance -= 1) {
    world.boot();
  }
  let webhooks = 0;
  const clientWorld = {
    prng,
    agents: createSimAgents(clockOf(scheduler, world.outside), world.ledger),
    pauses: [5, 50, 400, 2_500],
    patience: 400_000,
    promptly: 12_000,
    newWebhook: () => `https://hook.test/${(webhooks += 1)}`,
    get now() {
      return scheduler.now;
    },
    alive: () => world.alive(),
    sleep: (ms: number) => world.sleep(ms),
  };
  const during = async (act: () => Promise<void>, pause: () => number): Promise<void> => {
    running += 1;
    while (scheduler.now < TROUBLE) {
      await act();
      await world.sleep(pause());
    }
    running -= 1;
  };
  for (const client of Array.from({ length: prng.int(1, 5) }, () => createSimClient(clientWorld, transcript))) {
    void during(
      () => client.act(),
      () => prng.int(1, 800),
    );
  }
  const readers: StalledReader[] = [];
  const odd = createSimClient(clientWorld, transcript);
  if (troubles.has("stalled")) {
    void during(
      async () => {
        readers.push(...((await stall(world, odd)) ?? []));
      },
      () => prng.int(500, 4_000),
    );
  }
  if (troubles.has("poison")) {
    const agent = prng.pick(["lethal", "crowded", "blocking"]);
    void during(
      () => odd.begin(agent),
      () => prng.int(15_000, 30_000),
    );
  }
  if (troubles.has("outages")) {
    void during(
      () =>
        interrupt(world, async ({ endpoint, since }) => {
          if (endpoint === "queue" && scheduler.now - since > 4 * LEASE) {
            violations.push(...(await checkWithoutQueue(world, transcript)));
          }
        }),
      () => prng.int(2_000, 12_000),
    );
  }
  if (troubles.has("clocks") || troubles.has("wild-clocks")) {
    const isWild = troubles.has("wild-clocks");
    void during(
      async () => jump(world, isWild),
      () => prng.int(2_000, 10_000),
    );
  }
  if (troubles.has("retired")) {
    scheduler.at(TROUBLE / 3, world.outside, () => world.retire());
  }
  void during(
    async () => {
      kills += troubles.has("crashes") && scheduler.now > 0 ? await disturb(world) : 0;
      violations.push(...(await checkIndex(world, transcript)));
    },
    () => prng.int(500, 8_000),
  );
  scheduler.at(TROUBLE, world.outside, () => calm(world));

  await scheduler.runUntil(() => running === 0, TROUBLE + REST);
  calm(world);
  await untilUnharmed(world);
  violations.push(...(await checkResumed(world, transcript)), ...checkLoops(world));
  await Promise.all(readers.map((reader) => reader.leave().catch(() => {})));
  // The holder of each turn has had the time to finish it, or another instance to take it over and finish it.
  await scheduler.runUntil(() => false, scheduler.now + 200_000);
  violations.push(...(await checkIndex(world, transcript)), ...(await check(world.stores, transcript, world.reported)));
  violations.push(...(await checkHarm(world.stores, world.crashes, transcript)), ...checkRequests(world));
  if (troubles.has("stalled")) {
    violations.push(...(await checkStalledReaders(world, odd, transcript)));
  }
  violations.push(
    ...(await checkWebhooks(world.stores.log, transcript, world.webhooks)).filter(
      // Leases hold as long as clocks differ by a sixth of one at most.
      ({ invariant }) => invariant !== "I17" || !troubles.has("wild-clocks"),
    ),
  );
  kills += await forget(world);
  violations.push(...(await checkOblivion(world, transcript)));
  if (running > 0) {
    violations.push({ invariant: "answers", detail: `${running} clients still wait for an answer` });
  }
  return {
    seed,
    violations,
    troubles: [...troubles],
    tasks: transcript.acknowledged.size,
    kills,
    faults: world.faults.injected,
    log: world.log,
  };
}

/** Three leases after the last fault; a turn that crashes its instance after the trouble is one. */
async function untilUnharmed({ scheduler, crashes }: World): Promise<void> {
  const began = scheduler.now;
  for (let last = -1; last !== crashes.length && scheduler.now < began + 40 * LEASE;) {
    last = crashes.length;
    await scheduler.runUntil(() => false, scheduler.now + 3 * LEASE);
  }
}

async function stall(world: World, client: SimClient): Promise<StalledReader[] | undefined> {
  const reader = await client.stall(world.prng.pick(world.alive()));
  return reader && [reader];
}

/** Time in which everything expires, with trouble while it is removed, and then without. */
async function forget(world: World): Promise<number> {
  const { prng, scheduler } = world;
  let kills = 0;
  scheduler.skip(OBLIVION);
  const rate = prng.pick([0, 0.05]);
  world.faults.plan = { ...world.faults.plan, failBefore: rate, failAfter: rate, late: rate / 2 };
  for (let at = 0; at < 3; at += 1) {
    await scheduler.runUntil(() => false, scheduler.now + prng.int(500, 4_000));
    kills += await disturb(world);
  }
  calm(world);
  // Once for what waited until now and was given up, once for its retention.
  for (let at = 0; at < 2; at += 1) {
    scheduler.skip(OBLIVION);
    await scheduler.runUntil(() => false, scheduler.now + 20_000);
  }
  return kills;
}

/** Kills an instance, stops one past its lease, or shuts one down in order. One is always left to go on. */
async function disturb(world: World): Promise<number> {
  const { prng, scheduler } = world;
  const victim = prng.pick(world.alive());
  switch (prng.int(0, 3)) {
    case 0:
    case 1:
      victim.kill();
      world.boot();
      return 1;
    case 2:
      victim.pause(scheduler.now + prng.int(500, LEASE * 3));
      world.crashed("stop");
      return 0;
    default:
      world.boot();
      void victim.engine
        .settle(prng.pick([0, 300, 3_000]))
        .then(() => victim.engine.close())
        .then(() => victim.kill("shutdown"));
      return 1;
  }
}

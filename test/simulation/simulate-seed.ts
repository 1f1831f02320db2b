import { calm, createWorld, LEASE, OBLIVION } from "./world.ts";
import type { World } from "./world.ts";
import { check, checkIndex, checkOblivion, checkResumed } from "./checker.ts";
import type { Violation } from "./checker.ts";
import type { Mutation } from "./mutations.ts";
import { clockOf } from "./scheduler.ts";
import { createSimAgents } from "./sim-agents.ts";
import { createSimClient, SCOPE } from "./sim-client.ts";
import { checkWebhooks } from "./webhook-checker.ts";
import { createTranscript } from "./transcript.ts";

export interface SimulationResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly tasks: number;
  readonly kills: number;
  readonly faults: number;
  /** What every process logged, in virtual time. */
  readonly log: readonly string[];
}

/** Virtual ms of trouble, and the most that a world may take to come to rest after it. */
const TROUBLE = 40_000;
const REST = 900_000;

/** One world from one seed: the same seed gives the same run to the last event. */
export async function simulateSeed(seed: number, mutation?: Mutation): Promise<SimulationResult> {
  const world = createWorld(seed, { failBefore: 0, failAfter: 0, late: 0, slow: 0 }, mutation);
  const { prng, scheduler } = world;
  const rate = prng.pick([0, 0.01, 0.05]);
  world.faults.plan = { failBefore: rate, failAfter: rate, late: rate / 2, slow: rate };
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
    newWebhook: () => `https://hook.test/${(webhooks += 1)}`,
    get now() {
      return scheduler.now;
    },
    alive: () => world.alive(),
    sleep: (ms: number) => world.sleep(ms),
  };
  const clients = Array.from({ length: prng.int(1, 5) }, () => createSimClient(clientWorld, transcript));
  for (const client of clients) {
    running += 1;
    void (async () => {
      while (scheduler.now < TROUBLE) {
        await client.act();
        await world.sleep(prng.int(1, 800));
      }
      running -= 1;
    })();
  }
  const trouble = async (): Promise<void> => {
    while (scheduler.now < TROUBLE) {
      await world.sleep(prng.int(500, 8_000));
      kills += await disturb(world);
      violations.push(...(await checkIndex(world, transcript)));
    }
    calm(world);
    running -= 1;
  };
  running += 1;
  void trouble();
  await scheduler.runUntil(() => running === 0, TROUBLE + REST);
  await scheduler.runUntil(() => false, Math.max(scheduler.now, TROUBLE) + 3 * LEASE);
  violations.push(...(await checkResumed(world, transcript)));
  // Whoever held a turn has had the time to finish it, or somebody else to take it over and finish it.
  await scheduler.runUntil(() => false, scheduler.now + 200_000);
  violations.push(...(await checkIndex(world, transcript)), ...(await check(world.stores, transcript, world.reported)));
  violations.push(...(await checkWebhooks(world.stores.log, transcript, world.webhooks)));
  kills += await forget(world);
  violations.push(...(await checkOblivion(world, transcript)));
  if (running > 0) {
    violations.push({ invariant: "answers", detail: `${running} clients still wait for an answer` });
  }
  return {
    seed,
    violations,
    tasks: transcript.acknowledged.size,
    kills,
    faults: world.faults.injected,
    log: world.log,
  };
}

/** Time in which everything expires, with trouble while it is removed, and then without. */
async function forget(world: World): Promise<number> {
  const { prng, scheduler } = world;
  let kills = 0;
  scheduler.skip(OBLIVION);
  const rate = prng.pick([0, 0.05]);
  world.faults.plan = { failBefore: rate, failAfter: rate, late: rate / 2, slow: 0 };
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

/** Kills an instance, stops one past its lease, or shuts one down in order. Somebody is always left to go on. */
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
      victim.process.stoppedUntil = scheduler.now + prng.int(500, LEASE * 3);
      return 0;
    default:
      world.boot();
      void victim.engine
        .settle(prng.pick([0, 300, 3_000]))
        .then(() => victim.engine.close())
        .then(() => victim.kill());
      return 1;
  }
}

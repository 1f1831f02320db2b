import { createMemoryInbox } from "../../src/adapters/memory/inbox.ts";
import { createMemoryPayloads } from "../../src/adapters/memory/payloads.ts";
import { createMemoryTaskIndex } from "../../src/adapters/memory/task-index.ts";
import { createMemoryTaskLog } from "../../src/adapters/memory/task-log.ts";
import { createRegistry } from "../../src/agents/registry.ts";
import type { Agent } from "../../src/ports/agent.ts";
import type { Inbox } from "../../src/ports/inbox.ts";
import type { Payloads } from "../../src/ports/payloads.ts";
import type { TaskIndex } from "../../src/ports/task-index.ts";
import type { TaskLog } from "../../src/ports/task-log.ts";
import type { WorkMessage, WorkQueue } from "../../src/ports/work-queue.ts";
import { deliver } from "../../src/push/deliver.ts";
import { deliveryRules } from "../../src/push/delivery-rules.ts";
import { createOutbox } from "../../src/push/outbox.ts";
import { createPushConfigs } from "../../src/push/push-configs.ts";
import type { PushConfigs } from "../../src/push/push-configs.ts";
import { createEngine } from "../../src/tasks/engine.ts";
import type { DurableEngine } from "../../src/tasks/engine.ts";
import type { TaskParts } from "../../src/tasks/engine-parts.ts";
import { createUpkeep } from "../../src/tasks/upkeep/upkeep.ts";
import { rules } from "../../src/tasks/log/rules.ts";
import { NO_FAULTS, withFaults } from "./fault-injection.ts";
import type { Endpoint, FaultSource } from "./fault-injection.ts";
import type { Mutation } from "./mutations.ts";
import { createPoisonAgents } from "./poison-agents.ts";
import { createPrng } from "./prng.ts";
import type { Prng } from "./prng.ts";
import { createMeter } from "./request-meter.ts";
import { clockOf, createScheduler } from "./scheduler.ts";
import type { Scheduler, SimProcess } from "./scheduler.ts";
import { createSimAgents } from "./sim-agents.ts";
import { createWebhooks, PLAIN_SEALER } from "./sim-webhooks.ts";
import type { Webhooks } from "./sim-webhooks.ts";
import type { StepLedger } from "./sim-agents.ts";
import { createStateKeys } from "../../src/ports/state-keys.ts";

export interface Stores {
  readonly log: TaskLog;
  readonly index: TaskIndex;
  readonly inbox: Inbox;
  readonly payloads: Payloads;
}

interface Instance {
  readonly process: SimProcess;
  readonly engine: DurableEngine;
  /** Its own, if it serves it. */
  agent(id: string): Agent | undefined;
  readonly pushConfigs: PushConfigs;
  /** Ms of pauses that ended after `since`. */
  pausedFor(since: number): number;
  /** Stops it until then, in virtual ms. */
  pause(until: number): void;
  work(message: WorkMessage): Promise<void>;
  /** Resolves when the process dies: its clients' connections break. */
  readonly death: Promise<void>;
  readonly isDead: boolean;
  kill(cause?: Crash["cause"]): void;
}

/** Something that took turns from an instance. */
export interface Crash {
  /** `poison`: a turn did it. `clock`: its wall clock, or another's, went wrong by more than is allowed. */
  readonly cause: "kill" | "stop" | "shutdown" | "poison" | "clock";
  readonly at: number;
}

export interface World {
  readonly scheduler: Scheduler;
  readonly prng: Prng;
  readonly faults: FaultSource;
  /** As they are, without a network in between: for the checker. */
  readonly stores: Stores;
  readonly outside: SimProcess;
  readonly log: string[];
  readonly ledger: StepLedger;
  /** What the ledger was told of. */
  readonly reported: readonly string[];
  readonly webhooks: Webhooks;
  readonly crashes: readonly Crash[];
  alive(): Instance[];
  boot(): Instance;
  crashed(cause: Crash["cause"]): void;
  /** Instances that start from now on do not serve the agent `retired`. */
  retire(): void;
  /** A line of the world's log. */
  note(event: string): void;
  /** Virtual ms. */
  sleep(ms: number): Promise<void>;
}

/** Lease of the simulated instances in ms: short, so that a run sees many of them end. */
export const LEASE = 6_000;
const SWEEP = 2_000;
const MAX_DELIVERIES = 5;
/** How long an adapter lets one call take, in ms. */
const DEADLINE = LEASE / 3;
const INPUT_TIMEOUT = 600_000;
/** Longer than a run, so that what is checked is still there. */
const RETENTION = 7_200_000;
/** After this many ms nothing that came before may be left. */
export const OBLIVION = RETENTION + INPUT_TIMEOUT + 60_000;

export function createWorld(seed: number, mutation?: Mutation): World {
  const prng = createPrng(seed);
  const scheduler = createScheduler();
  const meter = createMeter(scheduler);
  const faults: FaultSource = {
    plan: NO_FAULTS,
    outage: undefined,
    prng,
    scheduler,
    meter,
    deadline: DEADLINE,
    injected: 0,
  };
  const outside: SimProcess = { name: "outside", dead: false, stoppedUntil: 0, skew: 0 };
  const now = (): number => clockOf(scheduler, outside).now();
  const plain: Stores = {
    log: createMemoryTaskLog(),
    index: createMemoryTaskIndex(),
    inbox: createMemoryInbox(now),
    payloads: createMemoryPayloads(now),
  };
  const stores = mutation?.stores?.(plain) ?? plain;
  const instances: Instance[] = [];
  const messages: { readonly message: WorkMessage; readonly deliveries: number; due: number }[] = [];
  const webhooks = createWebhooks(scheduler, prng, faults);
  const log: string[] = [];
  const completed = new Set<string>();
  const reported: string[] = [];
  const ledger: StepLedger = {
    isCompleted: (name) => completed.has(name),
    complete: (name) => void completed.add(name),
    report: (violation) => void reported.push(violation),
  };
  const crashes: Crash[] = [];
  let isRetired = false;
  let ids = 0;

  const world: World = {
    scheduler,
    prng,
    faults,
    stores: plain,
    outside,
    log,
    ledger,
    reported,
    webhooks,
    crashes,
    crashed: (cause) => void crashes.push({ cause, at: scheduler.now }),
    retire() {
      isRetired = true;
    },
    note: (event) => note(outside, event),
    alive: () => instances.filter(({ process }) => !process.dead),
    boot,
    sleep: (ms) => new Promise((resolve) => void scheduler.at(scheduler.now + ms, outside, resolve)),
  };
  handOut();
  return world;

  function boot(): Instance {
    const process: SimProcess = {
      name: `i${instances.length}`,
      dead: false,
      stoppedUntil: 0,
      skew: prng.int(-LEASE / 12, LEASE / 12),
    };
    const clock = clockOf(scheduler, process);
    const pauses: { readonly from: number; readonly until: number }[] = [];
    const reach = <T extends object>(store: T, endpoint: Endpoint): T => withFaults(store, endpoint, process, faults);
    const queue: WorkQueue = {
      send: (message, after = 0) => {
        messages.push({ message, deliveries: 1, due: scheduler.now + after + prng.int(1, 200) });
        return Promise.resolve();
      },
    };
    const host = {
      get turns() {
        return engine.turns;
      },
      crash() {
        instance.kill("poison");
        boot();
      },
      block() {
        world.crashed("poison");
        instance.pause(scheduler.now + LEASE * 1.3);
      },
    };
    const registry = createRegistry(
      [...createSimAgents(clock, ledger), ...createPoisonAgents(clock, host)].filter(
        ({ id }) => !isRetired || id !== "retired",
      ),
    );
    const parts: TaskParts = {
      instance: process.name,
      log: reach(stores.log, "table"),
      index: reach(stores.index, "table"),
      inbox: reach(stores.inbox, "table"),
      payloads: reach(stores.payloads, "blob"),
      queue: reach(queue, "queue"),
      clock,
      random: { id: () => `${seed}-${(ids += 1)}`, fraction: () => prng.next() },
      logger: {
        info: (event, fields) => note(process, event, fields),
        warn: (event, fields) => note(process, event, fields),
        error: (event, fields) => note(process, event, fields),
      },
      registry,
      settings: {
        lease: LEASE,
        turnTimeout: 120_000,
        inputTimeout: INPUT_TIMEOUT,
        retention: RETENTION,
        tailReadsPerSecond: 200,
        maxEventsPerTask: 10_000,
        maxEventBytes: 1024 * 1024,
        maxTurns: 1_000,
        ownsProcess: prng.chance(0.7),
      },
      stateKeys: createStateKeys([new Uint8Array(32).fill(7)]),
      rules: { ...rules, ...mutation?.rules },
    };
    const push = {
      ...parts,
      sender: webhooks.senderOf(process),
      sealer: PLAIN_SEALER,
      deliveryRules: { ...deliveryRules, ...mutation?.deliveryRules },
    };
    const create = (): DurableEngine => createEngine({ ...parts, outbox: createOutbox(push) });
    const engine = mutation?.engine?.(create) ?? create();
    const death = Promise.withResolvers<void>();
    const instance: Instance = {
      process,
      pausedFor: (since) => pauses.reduce((sum, { from, until }) => sum + (until > since ? until - from : 0), 0),
      pause(until) {
        pauses.push({ from: scheduler.now, until });
        process.stoppedUntil = until;
      },
      engine,
      agent: (id) => registry.find(id),
      pushConfigs: createPushConfigs(push),
      work: (message) => (message.kind === "turn" ? engine.work(message) : deliver(push, message)),
      death: death.promise,
      get isDead() {
        return process.dead;
      },
      kill(cause = "kill") {
        note(process, "killed", { cause });
        world.crashed(cause);
        process.dead = true;
        death.resolve();
      },
    };
    instances.push(instance);
    createUpkeep(engine, clock, parts.logger, LEASE).start(SWEEP);
    return instance;
  }

  /** At least once: a message whose receiver failed or died comes again; some come twice. */
  function handOut(): void {
    for (const entry of messages.splice(0)) {
      const isAway = faults.outage?.endpoint === "queue";
      const isDue = entry.due <= scheduler.now && !isAway;
      const receiver = isDue && prng.chance(0.7) ? prng.pick(world.alive()) : undefined;
      if (!receiver) {
        messages.push(entry);
        continue;
      }
      const redeliver = (): void => {
        // As the adapters do: the sweep finds its turn.
        if (entry.deliveries < MAX_DELIVERIES) {
          messages.push({ message: entry.message, deliveries: entry.deliveries + 1, due: scheduler.now + 500 });
        }
      };
      if (prng.chance(0.1)) {
        redeliver();
      }
      let settled = false;
      receiver.work(entry.message).then(
        () => {
          settled = true;
        },
        () => {
          settled = true;
          redeliver();
        },
      );
      void receiver.death.then(() => settled || redeliver());
    }
    scheduler.at(scheduler.now + 50, outside, handOut);
  }

  function note(process: SimProcess, event: string, fields?: Readonly<Record<string, unknown>>): void {
    log.push(`${Math.round(scheduler.now)} ${process.name} ${event} ${fields ? JSON.stringify(fields) : ""}`);
  }
}

/** The world turns friendly: no faults, nobody stopped. */
export function calm(world: World): void {
  world.faults.plan = NO_FAULTS;
  world.faults.outage = undefined;
  for (const { process } of world.alive()) {
    process.stoppedUntil = 0;
    process.skew = Math.min(Math.max(process.skew, -LEASE / 12), LEASE / 12);
  }
}

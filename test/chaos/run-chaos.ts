import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openStorageAccount } from "../../src/adapters/storage-account/storage-account.ts";
import type { StorageAccount } from "../../src/adapters/storage-account/storage-account.ts";
import { createSystemClock } from "../../src/adapters/system/clock.ts";
import { authenticateAnonymous } from "../../src/auth/identity.ts";
import type { Identity } from "../../src/auth/identity.ts";
import { toCaller } from "../../src/auth/scope.ts";
import { startAzurite } from "../../src/hosts/node/azurite.ts";
import { parseHead } from "../../src/tasks/log/head.ts";
import { endsTurn } from "../../src/tasks/log/task-state.ts";
import { check } from "../simulation/checker.ts";
import type { Violation } from "../simulation/checker.ts";
import { checkHarm } from "../simulation/fault-checker.ts";
import { createPrng } from "../simulation/prng.ts";
import { createSimAgents } from "../simulation/sim-agents.ts";
import { createSimClient } from "../simulation/sim-client.ts";
import { checkWebhooks } from "../simulation/webhook-checker.ts";
import { startWebhookReceiver } from "../support/webhook-receiver.ts";
import type { Notification, WebhookReceiver } from "../support/webhook-receiver.ts";
import type { Crash } from "../simulation/world.ts";
import { createTranscript } from "../simulation/transcript.ts";
import type { Transcript } from "../simulation/transcript.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import type { Fault, FaultProxy } from "../support/fault-proxy.ts";
import { disturb } from "./disturber.ts";
import type { Orphan } from "./disturber.ts";
import { interruptEndpoints } from "./endpoint-outages.ts";
import { openLedger, readReported } from "./file-ledger.ts";
import { HARMFUL, startHarm } from "./harm.ts";
import { checkMemory } from "./host-memory.ts";
import { findWallClocks } from "./wall-clocks.ts";
import { createFleet } from "./host-fleet.ts";
import type { FleetHost } from "./host-fleet.ts";
import { readLogs, readOther } from "./host-log.ts";
import type { LogLine } from "./host-log.ts";

export interface ChaosOptions {
  readonly seed: number;
  /** How long faults are injected; coming to rest takes longer. */
  readonly seconds: number;
  readonly hosts: number;
  readonly clients: number;
  /** Breaks one rule, to prove that the checker notices: without a sweep there is no takeover. */
  readonly withoutSweep?: boolean;
  readonly progress?: (line: string) => void;
}

export interface ChaosReport {
  readonly figures: Readonly<Record<string, number | string>>;
  readonly violations: readonly Violation[];
}

const LEASE_SECONDS = 6;
/** How long the hosts may take to come to rest, in ms: a turn may be taken over three times. */
const REST = 90_000;
/** What the clocks of hosts, by which they log, may differ from this one's, in ms. */
const CLOCKS_DIFFER = 1_000;
const ENDPOINTS = ["table", "blob", "queue"] as const;

/** Runs real hosts on one Azurite behind faulty proxies, with the simulation's clients, and kills and pauses hosts. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { seed, seconds, progress = () => {} } = options;
  const prng = createPrng(seed);
  const folder = mkdtempSync(join(tmpdir(), "a2a-chaos-"));
  const azurite = await startAzurite();
  const receiver = await startWebhookReceiver();
  const proxies = await Promise.all(
    [azurite.tablePort, azurite.blobPort, azurite.queuePort].map((port) => startFaultProxy(port)),
  );
  const [tables, blobs, queues] = proxies.map(({ port }) => `:${port}/`);
  const clocks = findWallClocks();
  if (!clocks && process.env["CI"] !== undefined) {
    throw new Error("clock jumps need libfaketime; install the Debian package libfaketime");
  }
  const fleet = createFleet(
    {
      STORAGE_CONNECTION_STRING: azurite.connectionString
        .replace(`:${azurite.tablePort}/`, tables ?? "")
        .replace(`:${azurite.blobPort}/`, blobs ?? "")
        .replace(`:${azurite.queuePort}/`, queues ?? ""),
      GATEWAY_CONFIG: fileURLToPath(new URL("chaos-gateway.config.ts", import.meta.url)),
      STATE_KEY: Buffer.alloc(32, seed).toString("base64"),
      CHAOS_LEDGER: join(folder, "ledger"),
      WEBHOOK_ALLOWED_HOSTS: "127.0.0.1",
      LEASE_SECONDS: String(LEASE_SECONDS),
      SWEEP_SECONDS: options.withoutSweep ? "600" : "1",
      SHUTDOWN_GRACE: "500 ms",
      // A turn that exhausts it does so soon.
      NODE_OPTIONS: "--max-old-space-size=256",
    },
    clocks,
  );
  try {
    const store = await openStorageAccount(azurite);
    const { scope } = toCaller(authenticateAnonymous(undefined) as Identity, "");
    await Promise.all(Array.from({ length: options.hosts }, (_, at) => fleet.start(at % 2 === 0 ? "old" : "new")));
    const usual = (): Fault | undefined => toFault(prng.next(), prng.int(20, 400));
    for (const proxy of proxies) {
      proxy.misbehave(usual);
    }

    const began = performance.now();
    const epoch = Date.now();
    /** A part of the time after `since`: what came before may have taken longer on a slow machine. */
    const isPast =
      (part: number, since = began) =>
      (): boolean =>
        performance.now() - since > part * seconds * 1_000;
    let isOver = (): boolean => false;
    const transcript = createTranscript(scope, false);
    let webhooks = 0;
    const world = {
      prng,
      agents: createSimAgents(createSystemClock(), openLedger(join(folder, "unused"))),
      // In a long run also turns of up to 15 s, which several faults meet.
      pauses: seconds > 60 ? [5, 50, 400, 2_500] : [5, 50, 400],
      patience: 30_000,
      newWebhook: () => `${receiver.url}/${(webhooks += 1)}`,
      get now() {
        return performance.now() - began;
      },
      // With none alive, a client asks one that is not, and its connection breaks.
      alive: () => (fleet.alive().length > 0 ? fleet.alive() : fleet.all.slice(-1)),
      sleep: (ms: number) => wait(ms, undefined, { ref: false }),
    };
    const acting = Array.from({ length: options.clients }, async () => {
      const client = createSimClient(world, transcript);
      while (!isOver()) {
        await client.act();
        await wait(prng.int(1, 300));
      }
    });
    const reporting = setInterval(() => {
      const tasks = transcript.acknowledged.size;
      progress(
        `${Math.round(world.now / 1_000)} s: ${tasks} tasks, ${fleet.alive().length} of ${fleet.all.length} hosts`,
      );
    }, 10_000);
    const phase = (name: string): void => progress(`${Math.round(world.now / 1_000)} s: ${name}`);
    const lease = LEASE_SECONDS * 1_000;
    phase("hosts of 0.1.0 and new ones; kills, pauses, shutdowns");
    const upgrade = await disturb(fleet, store, scope, prng, lease, isPast(0.3), () =>
      prng.chance(0.5) ? "old" : "new",
    );
    await Promise.all(
      fleet
        .alive()
        .filter(({ version }) => version === "old")
        .map(async (host) => {
          await fleet.start();
          await fleet.terminate(host);
        }),
    );
    const upgraded = Date.now();
    const later = performance.now();
    isOver = isPast(0.7, later);
    phase("outages of one endpoint, poison turns, stalled readers, clock jumps; nothing is killed");
    const harm = await startHarm(
      fleet,
      createSimClient({ ...world, agents: HARMFUL }, transcript),
      prng,
      lease,
      isPast(0.4, later),
      progress,
    );
    const endpoints = ENDPOINTS.map((name, at) => ({ name, proxy: proxies[at] as FaultProxy }));
    // Longer than a lease; in a long run than three, after which a turn has been taken over if it can be.
    const longest = Math.min(Math.max(1.5 * lease, seconds * 50), 3.5 * lease);
    const outages = interruptEndpoints(endpoints, usual, prng, [lease / 2, longest], isPast(0.7, later), progress);
    while (!isPast(0.45, later)()) {
      await wait(100);
    }
    phase("all of it together");
    const disturbance = await disturb(fleet, store, scope, prng, lease, isPast(0.7, later));
    await harm.stop();
    await outages;
    await Promise.all([upgrade.continued, disturbance.continued]);
    const stopped = Date.now();
    const requests = proxies.reduce((sum, proxy) => sum + proxy.requests.length, 0);
    for (const proxy of proxies) {
      proxy.misbehave();
    }
    progress(`${Math.round(world.now / 1_000)} s: no more faults, waiting for rest`);
    const ids = [...transcript.acknowledged.keys()];
    const isAtRest = await comesToRest(Promise.all(acting), async () => {
      const heads = await Promise.all(ids.map((taskId) => store.log.readHead({ scope, taskId })));
      return heads.every((head) => head && endsTurn(parseHead(head.body).state));
    });
    clearInterval(reporting);
    const causes: Crash[] = [...upgrade.times, upgraded, ...disturbance.times].map((at) => ({
      cause: "kill",
      at: at - epoch,
    }));
    for (const { at } of fleet.crashes) {
      causes.push({ cause: "poison", at: at - epoch });
    }

    const logs = readLogs(fleet.all);
    const ranOutOfMemory = (host: FleetHost): boolean =>
      fleet.crashes.some((crash) => crash.isPoisoned && crash.host === host);
    const known = fleet.all.filter((host) => host.version === "new" && !ranOutOfMemory(host));
    const idle = createSimClient(world, transcript);
    const work = async (): Promise<void> => {
      await Promise.all(Array.from({ length: 40 }, () => idle.begin("echo")));
    };
    const violations: Violation[] = [
      ...(await check(store, transcript, readReported(join(folder, "ledger")))),
      ...(await checkChecker(store, transcript)),
      ...(await untilHeard(() => checkWebhooks(store.log, transcript, toReceivers(receiver, began)))),
      ...(await checkHarm(store, causes, transcript, epoch)),
      // V8 returns memory to the system in its own time: a run of a minute ends before that.
      ...(options.seconds >= 120 ? await checkMemory(fleet.alive(), work) : []),
      ...(await checkReady(fleet.alive())),
      ...fleet.crashes
        .filter(({ isPoisoned }) => !isPoisoned)
        .map(({ host }) => ({ invariant: "hosts", detail: `ended by itself: ${host.process.output.slice(-1_500)}` })),
      ...[...upgrade.stuck, ...disturbance.stuck].map((detail) => ({ invariant: "answers", detail })),
      ...(isAtRest
        ? []
        : [{ invariant: "I8", detail: `clients or tasks did not come to rest within ${REST / 1_000} s` }]),
      ...findHostFaults(readLogs(known), readOther(known)),
    ];
    const orphans = [...upgrade.orphans, ...disturbance.orphans];
    const resumed = toResumeTimes(orphans, logs);
    // While faults go on, a store or a host may be missing again; from their end on it takes three leases at most.
    const isLate = ({ ms, since }: { readonly ms: number; readonly since: number }): boolean =>
      since + ms > (since + 3 * lease < upgraded ? since : Math.max(since, stopped)) + 3 * lease + CLOCKS_DIFFER;
    for (const { ms, taskId, since } of resumed.filter(isLate)) {
      const story = tell(taskId, since, logs, fleet.all);
      violations.push({ invariant: "I8", detail: `${taskId} was resumed ${ms} ms after its holder died:\n${story}` });
    }
    const count = (event: string): number => logs.filter((line) => line.event === event).length;
    return {
      violations,
      figures: {
        tasks: transcript.acknowledged.size,
        hosts: fleet.all.length,
        "hosts of 0.1.0": fleet.all.filter(({ version }) => version === "old").length,
        kills: upgrade.kills + disturbance.kills,
        stops: upgrade.stops + disturbance.stops,
        terms: upgrade.terms + disturbance.terms,
        outages: (await outages).length,
        "crashes by poison turns": fleet.crashes.length,
        "stalled readers": harm.stalled(),
        "clock jumps": clocks ? harm.jumps() : "needs libfaketime",
        "turns orphaned": orphans.length,
        takeovers: logs.filter(({ event, crashes }) => event === "turn.taken" && Number(crashes) > 0).length,
        "turns taken": count("turn.taken"),
        "turns lost to another holder": count("turn.lost"),
        "crash to takeover p50": `${resumed[Math.floor(resumed.length / 2)]?.ms ?? 0} ms`,
        "crash to takeover max": `${resumed.at(-1)?.ms ?? 0} ms (3 leases: ${LEASE_SECONDS * 3_000} ms)`,
        "store requests": requests,
        streams: transcript.streams.length,
        "events replayed": transcript.replayed,
        webhooks: transcript.webhooks.length,
        "webhook deliveries": receiver.notifications.length,
        "sends with a key": transcript.keys.length,
        cancels: transcript.cancels.length,
        reads: transcript.reads.length,
        "list walks": transcript.walks.length,
      },
    };
  } finally {
    await fleet.close();
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await Promise.all([azurite.close(), receiver.close()]);
    rmSync(folder, { recursive: true });
  }
}

/** Everything works again: no host says otherwise for longer than three leases. */
async function checkReady(hosts: readonly FleetHost[]): Promise<Violation[]> {
  const found = await Promise.all(
    hosts.map(async ({ process }) => {
      const deadline = performance.now() + LEASE_SECONDS * 3_000;
      for (;;) {
        const response = await fetch(`${process.url}/readyz`).catch((error: unknown) => new Response(String(error)));
        const body = await response.text();
        if (response.status === 200) {
          return [];
        }
        if (performance.now() > deadline) {
          return [{ invariant: "hosts", detail: `${process.url}/readyz: ${response.status} ${body}` }];
        }
        await wait(300);
      }
    }),
  );
  return found.flat();
}

/** Proves that the checker works: it has to report a lost event and a lost task. */
async function checkChecker(store: StorageAccount, transcript: Transcript): Promise<Violation[]> {
  const longest = transcript.streams.toSorted((one, other) => other.events.length - one.events.length)[0];
  const events = longest?.events.filter((_, at) => at !== 1) ?? [];
  const violations = await check(
    store,
    {
      ...transcript,
      streams: [{ taskId: longest?.taskId ?? "", events }],
      acknowledged: new Map([...transcript.acknowledged, ["lost", { agent: "echo", at: 0 }]]),
    },
    [],
  );
  return ["I3", "I4"]
    .filter((expected) => !violations.some(({ invariant }) => invariant === expected))
    .map((missed) => ({ invariant: "checker", detail: `does not report a broken ${missed}` }));
}

/** Deliveries that failed are waiting for their next attempt. */
async function untilHeard(look: () => Promise<Violation[]>): Promise<Violation[]> {
  const deadline = performance.now() + LEASE_SECONDS * 3_000;
  for (;;) {
    const violations = await look();
    if (violations.length === 0 || performance.now() > deadline) {
      return violations;
    }
    await wait(300);
  }
}

function toReceivers(
  { notifications, url: base }: WebhookReceiver,
  began: number,
): Parameters<typeof checkWebhooks>[2] {
  const of = (url: string): readonly Notification[] => notifications.filter(({ path }) => base + path === url);
  return {
    heardBy: (url) =>
      of(url).map(({ headers, at }) => ({ generation: Number(headers["a2a-event-id"]), began: at - began })),
    attemptsTo: (url) => of(url).map(({ at }) => at - began),
  };
}

/** About one request in thirty gets a fault. */
function toFault(chance: number, delay: number): Fault | undefined {
  const faults: readonly Fault[] = ["cut-before", "cut-after", "unavailable", { delay }, { delay }, { delay }];
  return faults[Math.floor(chance * 180)];
}

async function comesToRest(clients: Promise<unknown>, isEnded: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + REST;
  const left = (): number => Math.max(deadline - performance.now(), 0);
  if (!(await Promise.race([clients.then(() => true), wait(left(), false, { ref: false })]))) {
    return false;
  }
  while (!(await isEnded())) {
    if (left() === 0) {
      return false;
    }
    await wait(200);
  }
  return true;
}

/** Sorted, in ms: from the death of a turn's holder to the takeover by another host. */
function toResumeTimes(orphans: readonly Orphan[], logs: readonly LogLine[]): (Orphan & { readonly ms: number })[] {
  const taken = logs.filter(({ event }) => event === "turn.taken").toSorted((one, other) => one.time - other.time);
  return orphans
    .flatMap((orphan) => {
      const next = taken.find((line) => line.taskId === orphan.taskId && Number(line["epoch"]) > orphan.epoch);
      return next ? [{ ...orphan, ms: next.time - orphan.since }] : [];
    })
    .toSorted((one, other) => one.ms - other.ms);
}

/** What every host logged about a task, and when these hosts died, in ms after `since`. */
function tell(taskId: string, since: number, logs: readonly LogLine[], hosts: readonly FleetHost[]): string {
  const lines = logs.filter((line) => line.taskId === taskId).toSorted((one, other) => one.time - other.time);
  const involved = new Set(lines.map(({ host }) => host));
  const fallen = [...involved].map((host) => `host ${host} died at ${(hosts[host]?.fellAt ?? Number.NaN) - since}`);
  const told = lines.map((line) => {
    const rest = JSON.stringify({ ...line, level: undefined, host: undefined, time: undefined });
    return `  ${line.time - since} host ${line.host} ${rest}`;
  });
  return [...told, ...fallen].join("\n");
}

/** The only errors that a host may log are those of the agent `thrower`; hosts of 0.1.0 are as they are. */
function findHostFaults(logs: readonly LogLine[], other: readonly string[]): Violation[] {
  const errors = logs.filter(
    ({ level, event, agent }) => level === "error" && !(event === "turn.failed" && agent === "thrower"),
  );
  return [
    ...errors.map((line) => ({ invariant: "hosts", detail: JSON.stringify(line) })),
    ...other.map((detail) => ({ invariant: "hosts", detail })),
  ];
}

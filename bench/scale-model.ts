import { createHash } from "node:crypto";
import { chooseByRendezvous } from "../src/adapters/storage-account/rendezvous.ts";
import { createPrng } from "../test/simulation/prng.ts";

/** Requests of one task, measured by test/contract/transaction-cost.test.ts, and entities in the busiest partitions. */
interface Kind {
  readonly share: number;
  readonly table: number;
  readonly queue: number;
  /** Entities written to the open partition of the scope, and to the done partition of the agent. */
  readonly open: number;
  readonly done: number;
}

const KINDS: readonly Kind[] = [
  { share: 0.6, table: 2, queue: 0, open: 0, done: 1 },
  { share: 0.3, table: 6, queue: 0, open: 2, done: 1 },
  { share: 0.1, table: 8, queue: 3, open: 2, done: 1 },
];

/** Microsoft's scalability targets, per second (docs/scale.md names the pages). */
const TARGETS = { account: 20_000, partition: 2_000, queue: 2_000 } as const;

interface ScaleOptions {
  readonly seed: number;
  readonly tasksPerSecond: number;
  readonly accounts: number;
  readonly scopes: number;
  /** Share of all tasks that one customer sends. */
  readonly largestScope: number;
}

/** The load per second of the busiest instance of each resource. */
interface ScaleLoad {
  readonly account: number;
  readonly openPartition: number;
  readonly donePartition: number;
  /** Messages. */
  readonly queue: number;
}

/** The mix of tasks in docs/scale.md. */
export function toScaleTable(): string[] {
  const lines = ["tasks/s  callers  largest  accounts  account  open rows  done rows   queue  breaks first"];
  for (const tasksPerSecond of [1_000, 10_000, 100_000]) {
    for (const largestScope of [0, 0.2]) {
      const options = { seed: 1, tasksPerSecond, scopes: 1_000, largestScope };
      const needed = accountsNeeded(options);
      const accounts = needed ?? 250;
      const load = simulateSecond({ ...options, accounts });
      const over = [
        load.account > TARGETS.account && "an account",
        load.openPartition > TARGETS.partition && "a partition of open rows",
        load.donePartition > TARGETS.partition && "a caller's partition of done rows",
        load.queue > TARGETS.queue && "the queue",
      ].filter(Boolean);
      const cells = [
        tasksPerSecond.toLocaleString("en").padStart(7),
        String(options.scopes).padStart(8),
        `${largestScope * 100} %`.padStart(8),
        String(needed ?? "> 250").padStart(9),
        ...[load.account, load.openPartition, load.donePartition].map((value) =>
          value.toLocaleString("en").padStart(9),
        ),
        load.queue.toLocaleString("en").padStart(8),
        ` ${over.join(", ") || "nothing"}`,
      ];
      lines.push(cells.join(" "));
    }
  }
  return lines;
}

/** One second of arrivals: each task has a caller, a kind, and therefore requests to one account and its partitions. */
function simulateSecond({ seed, tasksPerSecond, accounts, scopes, largestScope }: ScaleOptions): ScaleLoad {
  const prng = createPrng(seed);
  const names = Array.from({ length: accounts }, (_, at) => `account${at}`);
  const callers = Array.from({ length: scopes }, (_, at) => {
    const scope = createHash("sha256").update(`scope ${at}`).digest("hex").slice(0, 32);
    return { scope, account: chooseByRendezvous(scope, names) };
  });
  const load = { account: new Map<string, number>(), open: new Map<string, number>(), done: new Map<string, number>() };
  let messages = 0;
  for (let task = 0; task < tasksPerSecond; task += 1) {
    const caller = callers[prng.chance(largestScope) ? 0 : prng.int(0, scopes - 1)];
    const kind = kindOf(prng.next());
    if (!caller || !kind) {
      continue;
    }
    add(load.account, caller.account, kind.table);
    add(load.open, `${caller.account} ${caller.scope.slice(-1)}`, kind.open);
    add(load.done, caller.scope, kind.done);
    messages += kind.queue > 0 ? 1 : 0;
  }
  return {
    account: busiest(load.account),
    openPartition: busiest(load.open),
    donePartition: busiest(load.done),
    queue: messages,
  };
}

/** About the smallest number of accounts that can carry the load; undefined above 250, Azure's default per region. */
function accountsNeeded(options: Omit<ScaleOptions, "accounts">): number | undefined {
  const carries = (accounts: number): boolean => simulateSecond({ ...options, accounts }).account <= TARGETS.account;
  if (!carries(250)) {
    return undefined;
  }
  for (let accounts = 1; accounts <= 250; accounts = Math.ceil(accounts * 1.25)) {
    if (carries(accounts)) {
      return accounts;
    }
  }
  return undefined;
}

function kindOf(chance: number): Kind | undefined {
  let sum = 0;
  return KINDS.find(({ share }) => (sum += share) > chance);
}

function add(map: Map<string, number>, key: string, count: number): void {
  map.set(key, (map.get(key) ?? 0) + count);
}

function busiest(map: Map<string, number>): number {
  return Math.max(0, ...map.values());
}

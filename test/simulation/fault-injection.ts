import { StoreError } from "../../src/ports/store-error.ts";
import type { Prng } from "./prng.ts";
import type { Meter } from "./request-meter.ts";
import type { Scheduler, SimProcess } from "./scheduler.ts";

/** How a world misbehaves. Probabilities per store call; times in virtual ms. */
export interface FaultPlan {
  readonly failBefore: number;
  readonly failAfter: number;
  /** The caller is told of a timeout first, and the write takes effect later. */
  readonly late: number;
  readonly slow: number;
  /** No answer comes. The write takes effect or not, and the adapter's deadline ends the call. */
  readonly hung: number;
  /** A listing that does not even end at that deadline: what no adapter should do, and no loop may depend on. */
  readonly stuck: number;
}

export const NO_FAULTS: FaultPlan = { failBefore: 0, failAfter: 0, late: 0, slow: 0, hung: 0, stuck: 0 };

/** What one port's requests go to: they fail together. */
export type Endpoint = "table" | "queue" | "blob";

/**
 * One endpoint that does not work, for every process.
 * - `refused`: connections are refused at once.
 * - `silent`: requests vanish, and the adapter's deadline ends the calls.
 * - `throttled`: most requests are answered 429 or 503.
 */
export interface Outage {
  readonly endpoint: Endpoint;
  readonly kind: "refused" | "silent" | "throttled";
  readonly since: number;
}

export interface FaultSource {
  plan: FaultPlan;
  outage: Outage | undefined;
  readonly prng: Prng;
  readonly scheduler: Scheduler;
  readonly meter: Meter;
  /** When an adapter ends a call that has no answer, in ms. */
  readonly deadline: number;
  injected: number;
}

/** Listings of loops that run beside every call. */
const LISTINGS: ReadonlySet<string> = new Set(["listDue", "listEnded", "listTasks", "list", "clear"]);

/**
 * Wraps every method of a store as one process sees it over a network: each call takes time, may fail before or after it
 * took effect, take effect after its caller gave up, or get no answer. A dead process never hears an answer.
 */
export function withFaults<T extends object>(
  store: T,
  endpoint: Endpoint,
  process: SimProcess,
  source: FaultSource,
): T {
  return new Proxy(store, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") {
        return method;
      }
      return async (...args: unknown[]) => {
        source.meter.count(process, endpoint, String(name), args[0]);
        const result = await call(
          () => method.apply(target, args) as Promise<unknown>,
          endpoint,
          String(name),
          process,
          source,
        );
        source.meter.answer(process, String(name), result);
        return result;
      };
    },
  });
}

async function call(
  run: () => Promise<unknown>,
  endpoint: Endpoint,
  operation: string,
  process: SimProcess,
  source: FaultSource,
): Promise<unknown> {
  const { prng, plan } = source;
  const unknown = (): StoreError => new StoreError({ code: "unknown", operation });
  const fail = async (after: number): Promise<never> => {
    source.injected += 1;
    await pass(source, process, after);
    throw unknown();
  };
  const hear = async (): Promise<void> => {
    const outage = source.outage?.endpoint === endpoint ? source.outage.kind : undefined;
    if (outage === "silent") {
      await fail(source.deadline);
    } else if (outage === "refused" || (outage === "throttled" && prng.chance(0.8))) {
      await fail(prng.int(1, 5));
    }
  };
  await hear();
  if (LISTINGS.has(operation) && prng.chance(plan.stuck)) {
    source.injected += 1;
    await new Promise<never>(() => {});
  }
  await pass(source, process, prng.chance(plan.slow) ? prng.int(200, 4_000) : prng.int(1, 8));
  if (prng.chance(plan.failBefore)) {
    await fail(0);
  }
  if (prng.chance(plan.late)) {
    source.scheduler.at(source.scheduler.now + prng.int(5, 3_000), NETWORK, () => {
      run().catch(() => {});
    });
    await fail(prng.int(1, 50));
  }
  if (prng.chance(plan.hung)) {
    if (prng.chance(0.5)) {
      run().catch(() => {});
    }
    await fail(source.deadline);
  }
  const failsAfter = prng.chance(plan.failAfter);
  // A process that dies now may still have sent its request.
  const result = await run();
  // An outage that began meanwhile takes the answer.
  await hear();
  await pass(source, process, prng.int(1, 8));
  if (failsAfter) {
    await fail(0);
  }
  return result;
}

const NETWORK: SimProcess = { name: "network", dead: false, stoppedUntil: 0, skew: 0 };

function pass(source: FaultSource, process: SimProcess, ms: number): Promise<void> {
  return new Promise((resolve) => {
    source.scheduler.at(source.scheduler.now + ms, process, resolve);
  });
}

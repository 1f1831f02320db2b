import { StoreError } from "../../src/ports/store-error.ts";
import type { Prng } from "./prng.ts";
import type { Scheduler, SimProcess } from "./scheduler.ts";

/** How a world misbehaves. Probabilities per store call; times in virtual ms. */
export interface FaultPlan {
  readonly failBefore: number;
  readonly failAfter: number;
  /** The caller is told of a timeout first, and the write takes effect later. */
  readonly late: number;
  readonly slow: number;
}

export const NO_FAULTS: FaultPlan = { failBefore: 0, failAfter: 0, late: 0, slow: 0 };

export interface FaultSource {
  plan: FaultPlan;
  readonly prng: Prng;
  readonly scheduler: Scheduler;
  injected: number;
}

/**
 * Wraps every method of a store as one process sees it over a network: each call takes time, may fail before or
 * after it took effect, or take effect after its caller gave up. A dead process never hears an answer.
 */
export function withFaults<T extends object>(store: T, process: SimProcess, source: FaultSource): T {
  return new Proxy(store, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") {
        return method;
      }
      return (...args: unknown[]) =>
        call(() => method.apply(target, args) as Promise<unknown>, String(name), process, source);
    },
  });
}

async function call(
  run: () => Promise<unknown>,
  operation: string,
  process: SimProcess,
  source: FaultSource,
): Promise<unknown> {
  const { prng, plan } = source;
  const unknown = (): StoreError => new StoreError({ code: "unknown", operation });
  await pass(source, process, prng.chance(plan.slow) ? prng.int(200, 4_000) : prng.int(1, 8));
  if (prng.chance(plan.failBefore)) {
    source.injected += 1;
    throw unknown();
  }
  if (prng.chance(plan.late)) {
    source.injected += 1;
    source.scheduler.at(source.scheduler.now + prng.int(5, 3_000), NETWORK, () => {
      run().catch(() => {});
    });
    await pass(source, process, prng.int(1, 50));
    throw unknown();
  }
  const failsAfter = prng.chance(plan.failAfter);
  // A process that dies now may still have sent its request.
  const result = await run();
  await pass(source, process, prng.int(1, 8));
  if (failsAfter) {
    source.injected += 1;
    throw unknown();
  }
  return result;
}

const NETWORK: SimProcess = { name: "network", dead: false, stoppedUntil: 0, skew: 0 };

function pass(source: FaultSource, process: SimProcess, ms: number): Promise<void> {
  return new Promise((resolve) => {
    source.scheduler.at(source.scheduler.now + ms, process, resolve);
  });
}

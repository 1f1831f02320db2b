import type { Clock } from "../ports/clock.ts";
import type { Probe } from "../ports/probe.ts";

/** The body of `/readyz` (docs/decisions/0015-one-store-of-several-does-not-make-a-host-unready.md). */
export interface Readiness {
  /** `degraded`: ready, although something fails. */
  readonly status: "ok" | "degraded" | "unavailable";
  readonly checks: Readonly<Record<string, ProbeResult>>;
}

type ProbeResult = { readonly status: "ok" } | { readonly status: "failed"; readonly reason: string };

/** In ms. Load balancers wait for 1 to 5 s. */
const LIMIT = 1_500;
const CACHED = 1_000;

/** Runs all probes at once. The result is shared by all callers of a second, so /readyz costs little however often it is called. */
export function createReadiness(clock: Clock, probes: readonly Probe[]): () => Promise<Readiness> {
  let asked = Number.NEGATIVE_INFINITY;
  let latest: Promise<Readiness> | undefined;
  let isAsking = false;

  return () => {
    if (!latest || (!isAsking && clock.monotonic() - asked >= CACHED)) {
      isAsking = true;
      latest = ask().finally(() => {
        isAsking = false;
        asked = clock.monotonic();
      });
    }
    return latest;
  };

  async function ask(): Promise<Readiness> {
    const results = await Promise.all(probes.map((probe) => checkInTime(probe)));
    const isFailed = (at: number): boolean => results[at]?.status === "failed";
    const isUnavailable = probes.some(({ isRequired }, at) => isRequired && isFailed(at));
    const isDegraded = probes.some((_, at) => isFailed(at));
    return {
      status: isUnavailable ? "unavailable" : isDegraded ? "degraded" : "ok",
      checks: Object.fromEntries(probes.map(({ name }, at) => [name, results[at] ?? OK])),
    };
  }

  async function checkInTime(probe: Probe): Promise<ProbeResult> {
    const abort = new AbortController();
    const late = Promise.withResolvers<string>();
    const cancel = clock.after(LIMIT, () => late.resolve(`no answer within ${LIMIT / 1_000} s`));
    const checked = probe.check(abort.signal).catch(() => "failed");
    const reason = await Promise.race([checked, late.promise]);
    cancel();
    abort.abort();
    return reason === undefined ? OK : { status: "failed", reason };
  }
}

const OK: ProbeResult = { status: "ok" };

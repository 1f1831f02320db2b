import type { Clock } from "../../ports/clock.ts";

/** When a vault accepts requests again. It throttles callers, not secrets. */
export interface Throttle {
  /** In ms; 0 if it accepts requests. */
  pause(): number;
  /** @throws ThrottledError while it does not accept requests */
  check(): void;
  /** @throws ThrottledError if the answer asks for a longer wait than callers accept; the SDK handles shorter ones. */
  heed(status: number, retryAfter: string | undefined): void;
}

export function createThrottle(clock: Clock): Throttle {
  let until = -Infinity;
  const pause = () => Math.max(0, until - clock.monotonic());
  return {
    pause,
    check() {
      if (pause() > 0) throw new ThrottledError();
    },
    heed(status, retryAfter) {
      if (retryAfter === undefined || (status !== 429 && status !== 503)) return;
      const ms = toMilliseconds(retryAfter, clock.now());
      if (ms <= SHORT) return;
      until = clock.monotonic() + Math.min(ms, LONGEST);
      throw new ThrottledError();
    },
  };
}

const SHORT = 2_000;
const LONGEST = 10 * 60_000;

class ThrottledError extends Error {
  override readonly name = "ThrottledError";
}

/** RFC 9110 section 10.2.3: seconds, or a date. */
function toMilliseconds(retryAfter: string, now: number): number {
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1_000 : Date.parse(retryAfter) - now;
  return Number.isNaN(ms) ? 0 : ms;
}

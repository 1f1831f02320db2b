import type { Identity } from "../../auth/identity.ts";
import type { Clock } from "../../ports/clock.ts";
import { TaskError } from "../../tasks/task-fault.ts";

/** Limits per caller on one instance. Unauthenticated callers, as in development, have no limit. */
export interface CallerLimits {
  /** @throws TaskError `busy` when the caller has exceeded its rate */
  countRequest(identity: Identity): void;
  /** Holds a place for a stream until the returned function is called. @throws TaskError `busy` */
  openStream(identity: Identity): () => void;
}

export interface CallerAllowance {
  /** Average rate; a burst may be twice as large. */
  readonly requestsPerSecond: number;
  readonly streams: number;
}

/** Callers that are kept in memory; the one whose last request is oldest is removed first. */
const MAX_CALLERS = 100_000;

interface Bucket {
  tokens: number;
  at: number;
  streams: number;
}

export function createCallerLimits({ requestsPerSecond, streams }: CallerAllowance, clock: Clock): CallerLimits {
  const burst = 2 * requestsPerSecond;
  const buckets = new Map<string, Bucket>();

  return {
    countRequest(identity) {
      if (identity.expiresAt === undefined) {
        return;
      }
      const bucket = bucketOf(identity);
      const now = clock.monotonic();
      bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1_000) * requestsPerSecond);
      bucket.at = now;
      if (bucket.tokens < 1) {
        const message = `This caller sent more than ${requestsPerSecond} requests per second to this instance, which is its limit. Retry later.`;
        throw new TaskError({ code: "busy", message, retryAfter: 1 });
      }
      bucket.tokens -= 1;
    },
    openStream(identity) {
      if (identity.expiresAt === undefined) {
        return () => {};
      }
      const bucket = bucketOf(identity);
      if (bucket.streams >= streams) {
        const message = `This caller has ${streams} streams open on this instance, which is its limit. Close one, or retry later.`;
        throw new TaskError({ code: "busy", message, retryAfter: 5 });
      }
      bucket.streams += 1;
      return () => {
        bucket.streams -= 1;
      };
    },
  };

  function bucketOf({ owner }: Identity): Bucket {
    const name = JSON.stringify(owner);
    const bucket = buckets.get(name) ?? { tokens: burst, at: clock.monotonic(), streams: 0 };
    // Move the entry to the end, so that the first is always the one used least recently.
    buckets.delete(name);
    buckets.set(name, bucket);
    if (buckets.size > MAX_CALLERS) {
      for (const [first, { streams: open }] of buckets) {
        if (open === 0) {
          buckets.delete(first);
          break;
        }
      }
    }
    return bucket;
  }
}

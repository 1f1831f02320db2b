import type { Identity } from "../../auth/identity.ts";
import type { Clock } from "../../ports/clock.ts";
import { TaskError } from "../../tasks/task-fault.ts";

/** What one caller may take of an instance. Callers without a proof of who they are, as in development, share no limit. */
export interface CallerLimits {
  /** @throws TaskError `busy` when the caller has sent more than it may */
  countRequest(identity: Identity): void;
  /** Counts a stream until the returned function is called. @throws TaskError `busy` */
  openStream(identity: Identity): () => void;
}

export interface CallerAllowance {
  /** On average; twice as many may come at once. */
  readonly requestsPerSecond: number;
  readonly streams: number;
}

/** Callers that are remembered at once; the one that was away longest goes first. */
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
        const message = `This caller has sent more than ${requestsPerSecond} requests a second to this instance, which is its limit. Retry later.`;
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
    // Moved to the end: the first is the one that was away longest.
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

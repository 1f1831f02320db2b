/**
 * The arithmetic of leases (docs/architecture.md#leases-and-takeover). `length` is the configured length L in ms. Every
 * margin is a fraction of it, so that one setting changes all of them.
 *
 * A holder measures on its monotonic clock, from before it sent the write that gave it the lease, and stops at 5/6 L.
 * Other instances compare `until` with their own clock and wait L/6 longer. Clocks may therefore differ by up to L/6.
 */

/** Which instance may write events. `until` in ms since 1970, by the holder's clock. */
export interface Lease {
  readonly holder: string;
  readonly until: number;
  /** Until then the holder runs no other turn. Absent for a turn that is not alone, or not any more. */
  readonly aloneUntil?: number;
}

/** A holder renews its lease this long after the last renewal (ms), so that two renewals may fail. */
export function renewAfter(length: number): number {
  return length / 3;
}

/** A holder that cannot renew stops its agent this long after it sent its last renewal (ms). */
export function stopAfter(length: number): number {
  return (length * 5) / 6;
}

/** When other instances may take over a lease, in ms since 1970 by their own clock. */
export function takeableAt(lease: Pick<Lease, "until">, length: number): number {
  return lease.until + length / 6;
}

/** When a turn that begins at `now` may be taken over if its first lease is never renewed (ms since 1970). */
export function firstTakeableAt(now: number, length: number): number {
  return takeableAt({ until: now + length }, length);
}

/** How long a call that writes waits for the store before it fails with `unavailable` (ms). */
export function callPatience(length: number): number {
  return Math.min(10_000, length / 3);
}

/**
 * How long a call that reads begins further attempts (ms). An attempt without an answer ends after 4 s, so the call fails
 * within 10 s.
 */
export function readPatience(length: number): number {
  return Math.min(5_000, length / 3);
}

/**
 * How long a holder tries to store content that its commit refers to, before it renews the lease and tries again (ms);
 * less than the time between two renewals.
 */
export function contentPatience(length: number): number {
  return length / 6;
}

/**
 * How long a holder has to commit CANCELED before another instance may fence it and do so (ms). With the writes around it a
 * cancel takes two seconds at most.
 */
export function cancelWithin(length: number): number {
  return Math.min(1_750, length / 6);
}

/** How long the runner waits for an agent after aborting its signal, before the turn ends without it (ms). */
export function stopGrace(length: number): number {
  return Math.min(250, length / 12);
}

/** After this long (ms) the sweep reads again a row whose task does not exist yet, or that it must not change. */
export function lookAgainAfter(length: number): number {
  return length * 1.5;
}

/**
 * After this long (ms) the sweep sends the work message again: the instance that got it may have died (decision 0009).
 */
export function offerAgainAfter(length: number): number {
  return length / 2;
}

/** How long an instance that could not reach the store gives live holders to renew their leases before it takes any over. */
export function graceAfterOutage(length: number): number {
  return length / 2;
}

/**
 * The arithmetic of leases (docs/architecture.md, "Leases and takeover"). L is the configured length, in ms; every
 * margin is a fraction of it, so that one setting moves all of them together.
 *
 * A holder counts from before it sent the write that gave it the lease, on its monotonic clock, and stops at 5/6 L.
 * Others read `until` by their own clock and wait L/6 beyond it. Clocks may therefore differ by L/6 at most.
 */

/** Who may write events now. `until` in ms since the epoch, by the holder's clock. */
export interface Lease {
  readonly holder: string;
  readonly until: number;
}

/** A holder renews this long after its last renewal, so that two renewals may fail. */
export function renewAfter(length: number): number {
  return length / 3;
}

/** A holder that could not renew stops its agent this long after it sent its last renewal. */
export function stopAfter(length: number): number {
  return (length * 5) / 6;
}

/** When others may take a lease over, in ms since the epoch by their own clock. */
export function takeableAt(lease: Pick<Lease, "until">, length: number): number {
  return lease.until + length / 6;
}

/** When a turn that begins at `now` can be taken over, if its first lease is never renewed. */
export function firstTakeableAt(now: number, length: number): number {
  return takeableAt({ until: now + length }, length);
}

/** How long a caller waits for the store before its call fails with `unavailable`. */
export function callPatience(length: number): number {
  return length / 3;
}

/** How long a holder has to commit CANCELED before anyone may fence it and do so. */
export function cancelWithin(length: number): number {
  return Math.min(5_000, length / 6);
}

/** How long an agent that was told to stop may take before its turn ends without it. */
export function stopGrace(length: number): number {
  return Math.min(250, length / 12);
}

/** When the sweep looks again at a row whose task it does not see yet, or may not touch. */
export function lookAgainAfter(length: number): number {
  return length * 1.5;
}

/** When the sweep offers a turn again, should whoever got the work message have died with it (decision 0009). */
export function offerAgainAfter(length: number): number {
  return length / 2;
}

import type { Head } from "./head.ts";
import { takeableAt } from "./lease.ts";

/**
 * With how much care a turn is run, by the number of instances that were lost while they ran it (decision 0015):
 * - `free`: like any other.
 * - `few`: where few others run, because it may take them with it.
 * - `alone`: where no other turn runs. Should that instance be lost too, the turn is the cause.
 */
export type Care = "free" | "few" | "alone";

/** Losses of instances after which a turn runs alone. */
export const ALONE_AFTER = 2;
/** Instances that were lost while they ran the turn, if its present holder is lost. */
export function lossesOf({ attempts, lease }: Pick<Head, "attempts" | "lease">): number {
  return attempts + (lease ? 1 : 0);
}

/** How long a turn has waited for an instance since it could have been taken, in ms. */
function waitedFor({ lease, released, statusTime }: Head, now: number, length: number): number {
  return now - (lease ? takeableAt(lease, length) : (released ?? statusTime));
}

/** The care that a turn without a live holder needs. A turn does not wait for a better place for ever. `length` is L in ms. */
export function careOf(head: Head, now: number, length: number): Care {
  const losses = lossesOf(head);
  const waited = waitedFor(head, now, length);
  if (losses >= ALONE_AFTER) {
    return waited <= aloneWithin(length) ? "alone" : "free";
  }
  return losses > 0 && waited <= length / 2 ? "few" : "free";
}

/** How long a turn waits for an instance of its own, in ms. Then it runs among others: it is not to wait for ever. */
function aloneWithin(length: number): number {
  return length * 6;
}

/** Whether an instance makes room for a turn that needs one of its own. Callers are refused meanwhile, so not for long. */
export function shouldReserve(head: Head, now: number, length: number): boolean {
  return waitedFor(head, now, length) <= length * 3;
}

/** How long a turn runs alone, in ms: longer after each loss, because it may take long to do harm. */
export function aloneFor(losses: number, length: number): number {
  return length * 2 ** Math.min(losses - ALONE_AFTER, 10);
}

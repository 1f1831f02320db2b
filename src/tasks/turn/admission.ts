import type { Care } from "../log/care.ts";

/** Turns with care `few` that an instance runs at once, and the turns of any kind beside which it takes one more. */
const MAX_CAREFUL = 4;
const FEW_OTHERS = 16;

/** What an instance runs now, and whether it waits until it is empty. */
export interface Occupancy {
  readonly turns: number;
  readonly careful: number;
  /** A turn runs alone, or is about to. */
  readonly isAlone: boolean;
  /** It admits nothing but the turn with this name. */
  readonly reservedFor: string | undefined;
}

/** Whether an instance admits a turn. */
export function canAdmit(
  { turns, careful, isAlone, reservedFor }: Occupancy,
  care: Care,
  name: string | undefined,
  maxTurns: number,
): boolean {
  if (isAlone || turns >= maxTurns || (reservedFor !== undefined && reservedFor !== name)) {
    return false;
  }
  switch (care) {
    case "alone":
      return turns === 0;
    case "few":
      return careful < MAX_CAREFUL && turns <= FEW_OTHERS;
    case "free":
      return true;
  }
}

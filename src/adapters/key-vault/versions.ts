/** One version of a secret as the vault lists it; times in ms since the epoch. */
export interface SecretVersion {
  readonly id: string;
  readonly enabled: boolean;
  readonly created: number;
  /** The first moment at which it counts. */
  readonly from: number;
  /** The first moment at which it no longer counts. */
  readonly until: number;
}

/** The newest `keep` of the versions that count, newest first. */
export function toCounting<V extends SecretVersion>(versions: readonly V[], now: number, keep: number): V[] {
  return versions
    .filter((version) => version.enabled && version.from <= now && now < version.until)
    .toSorted((one, other) => other.created - one.created)
    .slice(0, keep);
}

/**
 * How long what the vault has listed may stand, in ms: until a little before the newest version expires, for its
 * successor may be there by then, or until a version begins to count; never beyond `LONGEST`.
 */
export function toNextLook(versions: readonly SecretVersion[], now: number): number {
  const [newest] = toCounting(versions, now, 1);
  const beginning = versions.filter(({ enabled, from }) => enabled && from > now).map(({ from }) => from - now);
  const expiry = newest ? newest.until - now - BEFORE_EXPIRY : LONGEST;
  return Math.max(SHORTEST, Math.min(LONGEST, expiry, ...beginning));
}

const LONGEST = 5 * 60_000;
const SHORTEST = 10_000;
const BEFORE_EXPIRY = 30_000;

/** One version of a secret as the vault lists it; times in ms since the epoch. */
export interface SecretVersion {
  readonly id: string;
  readonly enabled: boolean;
  readonly created: number;
  /** Valid from this time. */
  readonly from: number;
  /** No longer valid from this time. */
  readonly until: number;
}

/** The newest `keep` of the valid versions, newest first. */
export function toValid<V extends SecretVersion>(versions: readonly V[], now: number, keep: number): V[] {
  return versions
    .filter((version) => version.enabled && version.from <= now && now < version.until)
    .toSorted((one, other) => other.created - one.created)
    .slice(0, keep);
}

/**
 * How long a list of versions may be cached, in ms: until shortly before the newest version expires, because its successor
 * may exist by then, or until a version becomes valid; at most `LONGEST`.
 */
export function toNextLook(versions: readonly SecretVersion[], now: number): number {
  const [newest] = toValid(versions, now, 1);
  const beginning = versions.filter(({ enabled, from }) => enabled && from > now).map(({ from }) => from - now);
  const expiry = newest ? newest.until - now - BEFORE_EXPIRY : LONGEST;
  return Math.max(SHORTEST, Math.min(LONGEST, expiry, ...beginning));
}

const LONGEST = 5 * 60_000;
const SHORTEST = 10_000;
const BEFORE_EXPIRY = 30_000;

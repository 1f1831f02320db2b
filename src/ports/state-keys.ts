/** The keys that sign page tokens and encrypt credentials: 32 random bytes each, the same on every instance. */
export interface StateKeys {
  /** The newest key, which signs and encrypts. */
  current(): Uint8Array;
  /** All keys that verify and decrypt, newest first. A key stays the same array object while it is known. */
  all(): readonly Uint8Array[];
  /** Call it when none of the keys fits: another instance may have a newer one. Cheap when called often. */
  refresh(): Promise<void>;
}

/** Keys that do not change. @throws TypeError without any */
export function createStateKeys(keys: readonly Uint8Array[]): StateKeys {
  const [current] = keys;
  if (!current) {
    throw new TypeError("a gateway needs a state key");
  }
  return { current: () => current, all: () => keys, refresh: async () => {} };
}

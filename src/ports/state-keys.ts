/** What this gateway signs and seals with: 32 random bytes, the same on every instance. They change while it runs. */
export interface StateKeys {
  /** The newest: with it everything is closed. */
  current(): Uint8Array;
  /** Newest first. What an earlier one closed still opens. The same array objects for as long as a key is known. */
  all(): readonly Uint8Array[];
  /** Something was closed with none of them: another instance may know a newer one. Costs little when called often. */
  refresh(): Promise<void>;
}

/** Keys that stay as they are. @throws TypeError without any */
export function createStateKeys(keys: readonly Uint8Array[]): StateKeys {
  const [current] = keys;
  if (!current) {
    throw new TypeError("a gateway needs a state key");
  }
  return { current: () => current, all: () => keys, refresh: async () => {} };
}

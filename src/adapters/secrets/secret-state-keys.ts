import type { Secrets } from "../../ports/secrets.ts";
import type { StateKeys } from "../../ports/state-keys.ts";

/** Name of the secret: 32 bytes in base64, each version a key. */
const NAME = "state-key";

/** State keys from the versions of a secret. @throws Error if no version is 32 bytes in base64 */
export async function openStateKeys(secrets: Secrets): Promise<StateKeys> {
  const known = new Map<string, Uint8Array>();
  let keys = read(await secrets.get(NAME));
  const [first] = keys;
  if (!first) {
    throw new Error(`secret ${NAME} has no version that is 32 bytes in base64`);
  }

  return {
    current() {
      look();
      return keys[0] ?? first;
    },
    all() {
      look();
      return keys;
    },
    async refresh() {
      take(await secrets.refresh(NAME));
    },
  };

  /** The store's current values, from its cache. */
  function look(): void {
    secrets.get(NAME).then(take, () => {});
  }

  /** Never empty: if the secret becomes invalid, the previous keys stay in use. */
  function take(values: readonly string[]): void {
    const next = read(values);
    keys = next.length > 0 ? next : keys;
  }

  function read(values: readonly string[]): readonly Uint8Array[] {
    return values.flatMap((value) => {
      const bytes = known.get(value) ?? new Uint8Array(Buffer.from(value.trim(), "base64"));
      known.set(value, bytes);
      return bytes.byteLength === 32 ? [bytes] : [];
    });
  }
}

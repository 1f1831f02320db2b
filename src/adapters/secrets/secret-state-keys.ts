import type { Secrets } from "../../ports/secrets.ts";
import type { StateKeys } from "../../ports/state-keys.ts";

/** Name of the secret: 32 bytes in base64, each version a key. */
const NAME = "state-key";

/** Keys that are versions of a secret. @throws Error when there is none, or none that is 32 bytes in base64 */
export async function openStateKeys(secrets: Secrets): Promise<StateKeys> {
  const known = new Map<string, Uint8Array>();
  let keys = read(await secrets.get(NAME));
  const [first] = keys;
  if (!first) {
    throw new Error(`the secret ${NAME} needs a version of 32 bytes in base64`);
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

  /** What the store knows by now; asking it costs nothing. */
  function look(): void {
    secrets.get(NAME).then(take, () => {});
  }

  /** Never none: what was closed must open while somebody mends the secret. */
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

import type { StateKeys } from "../ports/state-keys.ts";

/** The part of a config that only its webhook may receive. */
export interface Credentials {
  readonly token: string;
  readonly credentials: string;
}

/** Encrypts credentials with a key derived from the state key (AES-256-GCM, HKDF-SHA-256). */
export interface CredentialSealer {
  seal(credentials: Credentials): Promise<string>;
  /** Undefined if no current key opens them: it was replaced, or cannot be fetched now. Never rejects for that. */
  open(sealed: string): Promise<Credentials | undefined>;
}

const IV_BYTES = 12;

type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

export function createCredentialSealer(keys: StateKeys): CredentialSealer {
  const derived = new WeakMap<Uint8Array, Promise<Key>>();
  return {
    async seal(credentials) {
      const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
      const text = new TextEncoder().encode(JSON.stringify(credentials));
      const sealed = new Uint8Array(
        await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await derive(keys.current()), text),
      );
      return toBase64([...iv, ...sealed]);
    },
    async open(sealed) {
      const bytes = Uint8Array.from(atob(sealed), (character) => character.charCodeAt(0));
      const algorithm = { name: "AES-GCM", iv: bytes.subarray(0, IV_BYTES) };
      const found = await openWithAny(keys.all(), algorithm, bytes.subarray(IV_BYTES));
      if (found) {
        return found;
      }
      // A key vault that does not answer is no reason to give up a webhook: the next attempt asks again.
      await keys.refresh().catch(() => {});
      return openWithAny(keys.all(), algorithm, bytes.subarray(IV_BYTES));
    },
  };

  async function openWithAny(
    all: readonly Uint8Array[],
    algorithm: { readonly name: string; readonly iv: Uint8Array<ArrayBuffer> },
    sealed: Uint8Array<ArrayBuffer>,
  ): Promise<Credentials | undefined> {
    for (const key of all) {
      try {
        const text = await crypto.subtle.decrypt(algorithm, await derive(key), sealed);
        return JSON.parse(new TextDecoder().decode(text)) as Credentials;
      } catch {
        // Encrypted with another key.
      }
    }
    return undefined;
  }

  function derive(key: Uint8Array): Promise<Key> {
    const own = derived.get(key) ?? deriveKey(key);
    derived.set(key, own);
    return own;
  }
}

async function deriveKey(stateKey: Uint8Array): Promise<Key> {
  const material = await crypto.subtle.importKey("raw", new Uint8Array(stateKey), "HKDF", false, ["deriveKey"]);
  const info = new TextEncoder().encode("webhook credentials");
  const algorithm = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info };
  return crypto.subtle.deriveKey(algorithm, material, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

function toBase64(bytes: readonly number[]): string {
  return btoa(String.fromCharCode(...bytes));
}

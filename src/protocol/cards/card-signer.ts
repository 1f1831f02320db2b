import { generateAgentCardSignature } from "@a2a-js/sdk";
import type { AgentCard } from "@a2a-js/sdk";
import { calculateJwkThumbprint, exportJWK, importPKCS8 } from "jose";
import type { PublicJwk } from "../../ports/issuer-keys.ts";

/** Signs Agent Cards (specification 8.4). */
export interface CardSigner {
  /** With the newest key. The same card and key give the same signature for as long as this process runs. */
  sign(card: AgentCard): Promise<AgentCard>;
  /** Public halves, newest first: cards that an earlier key signed may still be about. */
  keys(): Promise<readonly PublicJwk[]>;
}

/** Tried in this order: a key is of the first that takes it. */
const ALGORITHMS = ["ES256", "ES384", "EdDSA", "RS256"];
/** Signed cards that are kept: a tenant in the path makes a card of its own. */
const MAX_KEPT = 1_000;

interface SigningKey {
  readonly sign: (card: AgentCard) => Promise<AgentCard>;
  readonly jwk: PublicJwk;
}

/**
 * `pems` gives private keys in PKCS #8, newest first; none: cards go out unsigned. `jwksUrl` is where `keys` are to be
 * found.
 */
export function createCardSigner(pems: () => Promise<readonly string[]>, jwksUrl: string): CardSigner {
  const known = new Map<string, Promise<SigningKey>>();
  const kept = new Map<string, Promise<AgentCard>>();

  return {
    async sign(card) {
      const [key] = await readKeys();
      if (!key) {
        return card;
      }
      const name = JSON.stringify([key.jwk.kid, card]);
      const signed = kept.get(name) ?? key.sign(card);
      if (kept.size < MAX_KEPT) {
        kept.set(name, signed);
      }
      return signed;
    },
    keys: async () => (await readKeys()).map(({ jwk }) => jwk),
  };

  /** A version that is no key does not keep the ones before it from signing. */
  async function readKeys(): Promise<readonly SigningKey[]> {
    const all = await Promise.allSettled((await pems()).map(keyOf));
    const readable = all.filter((one) => one.status === "fulfilled").map(({ value }) => value);
    const [first] = all;
    if (readable.length === 0 && first?.status === "rejected") {
      throw first.reason;
    }
    return readable;
  }

  function keyOf(pem: string): Promise<SigningKey> {
    const key = known.get(pem) ?? readKey(pem, jwksUrl);
    known.set(pem, key);
    return key;
  }
}

/** @throws TypeError that says what a key must be, and nothing of this one */
async function readKey(pem: string, jwksUrl: string): Promise<SigningKey> {
  for (const alg of ALGORITHMS) {
    const key = await importPKCS8(pem, alg, { extractable: true }).catch(() => undefined);
    if (key) {
      const { kty, crv, x, y, n, e } = await exportJWK(key);
      const parts = Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined);
      const publicParts = Object.fromEntries(parts) as { readonly kty: string };
      const kid = await calculateJwkThumbprint(publicParts);
      const header = { alg, kid, typ: "JOSE", jku: jwksUrl };
      return { sign: generateAgentCardSignature(key, header), jwk: { ...publicParts, kid, alg, use: "sig" } };
    }
  }
  throw new TypeError(
    "a card's signing key must be a private key in PKCS #8 PEM: EC P-256 or P-384, Ed25519 or RSA of 2048 bits or more",
  );
}

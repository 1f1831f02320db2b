import { generateAgentCardSignature } from "@a2a-js/sdk";
import type { AgentCard } from "@a2a-js/sdk";
import { calculateJwkThumbprint, exportJWK, importPKCS8 } from "jose";
import type { PublicJwk } from "../../ports/issuer-keys.ts";

/** Signs Agent Cards (specification 8.4). */
export interface CardSigner {
  /**
   * Signs with the newest key; returns the card unsigned when there is none. In one process a card and key always give
   * the same signature.
   */
  sign(card: AgentCard): Promise<AgentCard>;
  /** Public keys, newest first. Earlier ones are included because clients may hold cards that they signed. */
  keys(): Promise<readonly PublicJwk[]>;
}

/** Tried in this order: a key uses the first algorithm that accepts it. */
const ALGORITHMS = ["ES256", "ES384", "EdDSA", "RS256"];
/** Signed cards kept in memory. Their number is limited because each tenant in a path has its own card. */
const MAX_KEPT = 1_000;

interface SigningKey {
  readonly sign: (card: AgentCard) => Promise<AgentCard>;
  readonly jwk: PublicJwk;
}

/**
 * `pems` returns private keys in PKCS #8 PEM, newest first. Without keys cards are not signed. `jwksUrl` is the URL at
 * which `keys` are published.
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

  /** Skips invalid keys, so that an earlier valid key can sign. @throws TypeError when no key is valid */
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

/** @throws TypeError that says what a key must be; it does not contain the key */
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
    "the card signing key must be a private key in PKCS #8 PEM: EC P-256 or P-384, Ed25519, or RSA of at least 2048 bits",
  );
}

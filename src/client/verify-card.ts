import { AgentCard, verifyAgentCardSignature } from "@a2a-js/sdk";

/** A trusted public key as a JWK (RFC 7517), obtained independently of the card. */
export interface PinnedKey {
  readonly kty: string;
  readonly kid: string;
  readonly [member: string]: unknown;
}

/**
 * Verifies that one of the pinned keys signed an Agent Card of A2A 1.0 (specification 8.4.3). `card` is the received JSON.
 * Keys in the signature itself (`jku`, `jwk`, `x5u`) are ignored and never fetched.
 * @throws Error if no signature was made with one of the keys
 *
 * @example
 * const card = await (await fetch("https://host/.well-known/agent-card.json")).json();
 * await verifyCard(card, [{ kty: "EC", crv: "P-256", kid: "2026-11", x: "…", y: "…" }]);
 */
export async function verifyCard(card: unknown, keys: readonly PinnedKey[]): Promise<void> {
  const verify = verifyAgentCardSignature(async (kid) => {
    const key = keys.find((one) => one.kid === kid);
    if (!key) {
      throw new Error(`no pinned key has the key id ${JSON.stringify(kid.slice(0, 80))}`);
    }
    return key;
  });
  await verify(AgentCard.fromJSON(card));
}

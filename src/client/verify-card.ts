import { AgentCard, verifyAgentCardSignature } from "@a2a-js/sdk";

/** A public key as a JWK (RFC 7517), which the caller got by a way that it trusts. */
export interface PinnedKey {
  readonly kty: string;
  readonly kid: string;
  readonly [member: string]: unknown;
}

/**
 * Checks that one of the pinned keys signed an Agent Card of A2A 1.0 (specification 8.4.3). `card` is its JSON, as it was
 * received. Keys that the signature itself names (`jku`, `jwk`, `x5u`) are never fetched and never believed.
 * @throws Error when none of the signatures is of one of the keys
 */
export async function verifyCard(card: unknown, keys: readonly PinnedKey[]): Promise<void> {
  const verify = verifyAgentCardSignature(async (kid) => {
    const key = keys.find((one) => one.kid === kid);
    if (!key) {
      throw new Error(`no pinned key has the id ${JSON.stringify(kid.slice(0, 80))}`);
    }
    return key;
  });
  await verify(AgentCard.fromJSON(card));
}

import { generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { AgentCard } from "@a2a-js/sdk";
import { describe, expect, test, vi } from "vitest";
import { verifyCard } from "../../../src/client/verify-card.ts";
import type { PinnedKey } from "../../../src/client/verify-card.ts";
import { createCardSigner } from "../../../src/protocol/cards/card-signer.ts";
import { createFakeGateway } from "./fake-gateway.ts";

const toPem = ({ privateKey }: { readonly privateKey: KeyObject }): string =>
  privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const pems = {
  ES256: toPem(generateKeyPairSync("ec", { namedCurve: "P-256" })),
  ES384: toPem(generateKeyPairSync("ec", { namedCurve: "P-384" })),
  EdDSA: toPem(generateKeyPairSync("ed25519")),
  RS256: toPem(generateKeyPairSync("rsa", { modulusLength: 2_048 })),
};
const url = "/agents/echo/.well-known/agent-card.json";
const v1 = { headers: { "a2a-version": "1.0" } };

function gatewayWith(...keys: string[]) {
  return createFakeGateway(
    {},
    { cardSigner: createCardSigner(async () => keys, "https://gateway.test/.well-known/jwks.json") },
  );
}

async function keysOf({ fetch }: ReturnType<typeof gatewayWith>): Promise<PinnedKey[]> {
  return ((await (await fetch("/.well-known/jwks.json")).json()) as { keys: PinnedKey[] }).keys;
}

describe("a signed card", () => {
  test.each(Object.entries(pems))("of a key for %s is one that its public half verifies", async (alg, pem) => {
    const gateway = gatewayWith(pem);
    const card = (await (await gateway.fetch(url, v1)).json()) as AgentCard;
    const keys = await keysOf(gateway);
    expect(keys).toMatchObject([{ alg, use: "sig", kid: expect.stringMatching(/^[\w-]{43}$/) }]);
    expect(JSON.stringify(keys)).not.toMatch(/"[dpq]":/);
    await verifyCard(card, keys);
    const [signature] = card.signatures;
    expect(JSON.parse(atob(signature?.protected ?? ""))).toMatchObject({ alg, typ: "JOSE", kid: keys[0]?.kid });
  });

  test("that was changed, or is another card's, is refused, whatever keys it contains", async () => {
    vi.spyOn(console, "debug").mockImplementation(() => {});
    const card = (await (await gatewayWith(pems.ES256).fetch(url, v1)).json()) as { description: string };
    const keys = await keysOf(gatewayWith(pems.ES256));
    const others = await keysOf(gatewayWith(pems.ES384));
    await expect(verifyCard({ ...card, description: "Changed" }, keys)).rejects.toThrow(/signature/i);
    await expect(verifyCard(card, others)).rejects.toThrow(/signature/i);
    await expect(verifyCard(card, [])).rejects.toThrow(/signature/i);
    await expect(verifyCard({ ...card, signatures: [] }, keys)).rejects.toThrow(/signature/i);
  });

  test("has the same tag on every instance, and verifies from each", async () => {
    const [one, other] = [gatewayWith(pems.ES256), gatewayWith(pems.ES256)];
    const [first, second] = [await one.fetch(url, v1), await other.fetch(url, v1)];
    expect(first.headers.get("etag")).toBe(second.headers.get("etag"));
    expect(await first.text()).not.toBe(await second.text());
    expect(await (await one.fetch(url, v1)).text()).toBe(await (await one.fetch(url, v1)).text());
  });

  test("is signed by the newest key, and the one before it is still published", async () => {
    const gateway = gatewayWith(pems.EdDSA, pems.ES256);
    const card = await (await gateway.fetch(url, v1)).json();
    const [newest, earlier] = await keysOf(gateway);
    expect([newest?.["alg"], earlier?.["alg"]]).toEqual(["EdDSA", "ES256"]);
    await verifyCard(card, newest ? [newest] : []);
  });
});

test("a key that cannot sign is refused without a word of it", async () => {
  const signer = createCardSigner(async () => ["-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----"], "");
  const error = await signer.keys().catch(String);
  expect(error).toContain("PKCS #8");
  expect(error).not.toContain("canary");
});

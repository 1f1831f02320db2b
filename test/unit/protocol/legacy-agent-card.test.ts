import { describe, expect, test } from "vitest";
import { createFakeGateway, readBody } from "./fake-gateway.ts";

const issuer = {
  issuer: "https://issuer.example",
  tokenUrl: "https://issuer.example/token",
  scopes: { "a2a.call": "Call agents." },
};
const path = "/agents/echo/.well-known/agent-card.json";

async function readCard(headers: Record<string, string> = {}) {
  // What of an issuer the card shows.
  const issuers = [issuer as never];
  const { fetch } = createFakeGateway({}, { issuers });
  return readBody(await fetch(path, { headers }));
}

describe("the card of a client that names no version", () => {
  test("has what clients of 1.0 read", async () => {
    const card = await readCard();
    const current = await readCard({ "a2a-version": "1.0" });
    expect(card.supportedInterfaces).toEqual(current.supportedInterfaces);
    expect(card.securityRequirements).toEqual([
      { schemes: { openIdConnect: { list: [] } } },
      { schemes: { oauth2: { list: [] } } },
    ]);
    expect(card.capabilities.extendedAgentCard).toBe(false);
    for (const [name, scheme] of Object.entries(current.securitySchemes)) {
      expect(card.securitySchemes[name]).toMatchObject(scheme as object);
    }
  });

  test("has what clients of 0.3 read", async () => {
    const card = await readCard();
    const legacy = await readCard({ "a2a-version": "0.3" });
    expect(card).toMatchObject(legacy);
    expect(legacy.securitySchemes).toEqual({
      openIdConnect: expect.objectContaining({ type: "openIdConnect" }),
      oauth2: expect.objectContaining({ type: "oauth2", flows: { clientCredentials: expect.anything() } }),
    });
  });
});

test("the card of a client that names 0.3 has nothing of 1.0 but its interfaces", async () => {
  const card = await readCard({ "a2a-version": "0.3" });
  expect(card).not.toHaveProperty("securityRequirements");
  expect(card.capabilities).not.toHaveProperty("extendedAgentCard");
  expect(card.securitySchemes.openIdConnect).not.toHaveProperty("openIdConnectSecurityScheme");
  expect(card.supportedInterfaces).toHaveLength(4);
});

import { afterAll, beforeAll, expect, test } from "vitest";
import { findFaultsV03 } from "../conformance/schema-v0-3.ts";
import { findFaultsV1 } from "../conformance/schema-v1.ts";
import { verifyCard } from "../../src/client/verify-card.ts";
import { bearer, rest, rpc } from "./attack.ts";
import { call, startWorld } from "./world.ts";
import type { World } from "./world.ts";

let world: World;

beforeAll(async () => {
  // Its name has Keycloak's form, by which its token endpoint is known.
  world = await startWorld({ AUTH_ISSUER: "https://id.test/realms/a2a" });
});
afterAll(() => world.close());

const path = "/agents/echo/.well-known/agent-card.json";

test("a card of 1.0 lists the accepted issuers, is signed, and conforms to the schema", async () => {
  const { json } = await call(world.host.url, path, rest("GET"));
  expect(findFaultsV1("AgentCard", json)).toEqual([]);
  expect(json.securitySchemes).toEqual({
    openIdConnect: {
      openIdConnectSecurityScheme: {
        description: "An access token of https://id.test/realms/a2a. It must have the role caller.",
        openIdConnectUrl: "https://id.test/realms/a2a/.well-known/openid-configuration",
      },
    },
    oauth2: {
      oauth2SecurityScheme: {
        description: "Client credentials at https://id.test/realms/a2a. It must have the role caller.",
        flows: {
          clientCredentials: {
            tokenUrl: "https://id.test/realms/a2a/protocol/openid-connect/token",
            scopes: { openid: expect.any(String) },
          },
        },
      },
    },
  });
  expect(json.securityRequirements).toEqual([{ schemes: { openIdConnect: {} } }, { schemes: { oauth2: {} } }]);
  const { json: keySet } = await call(world.host.url, "/.well-known/jwks.json");
  await verifyCard(json, keySet.keys);
});

test("a card of 0.3 says the same in its own form", async () => {
  const { json } = await call(world.host.url, path);
  expect(findFaultsV03("AgentCard", json)).toEqual([]);
  expect(json.security).toEqual([{ openIdConnect: [] }, { oauth2: [] }]);
  expect(json.securitySchemes).toMatchObject({ openIdConnect: { type: "openIdConnect" }, oauth2: { type: "oauth2" } });
});

test("the extended card has the hidden skills for a caller with a token, in every binding and version, and for no one else", async () => {
  const own = await startWorld();
  const headers = bearer(await own.token());
  const ask = async (target: string, request: ReturnType<typeof rest>) =>
    (await call(own.host.url, target, { ...request, headers: { ...request.headers, ...headers } })).json;
  const v1 = await ask("/agents/echo/extendedAgentCard", rest("GET"));
  const { result } = await ask("/agents/echo", rpc("GetExtendedAgentCard", {}));
  const legacyRest = await ask("/agents/echo/v1/card", rest("GET", undefined, { "a2a-version": "0.3" }));
  const legacyRpc = await ask("/agents/echo", rpc("agent/getAuthenticatedExtendedCard", {}, { "a2a-version": "0.3" }));
  for (const card of [v1, result, legacyRest, legacyRpc.result]) {
    expect(card.skills.map(({ id }: { id: string }) => id)).toEqual(["echo", "hidden"]);
  }
  expect([findFaultsV1("AgentCard", v1), findFaultsV03("AgentCard", legacyRest)]).toEqual([[], []]);
  expect(findFaultsV03("AgentCard", legacyRpc.result)).toEqual([]);
  expect((await call(own.host.url, "/agents/echo/extendedAgentCard", rest("GET"))).status).toBe(401);
  const publicCard = (await call(own.host.url, path, rest("GET"))).json;
  expect(publicCard.skills).toHaveLength(1);
  await own.close();
});

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { toRoles } from "../../../src/auth/access.ts";
import { environment } from "../../../src/config/config.ts";

const realm = JSON.parse(readFileSync(new URL("../../../keycloak/realm.json", import.meta.url), "utf8"));
const AUDIENCE = "a2a-gateway";
const [scope] = realm.clientScopes;

interface Mapper {
  readonly protocolMapper: string;
  readonly config: Readonly<Record<string, string>>;
}

const mapper = (kind: string): Mapper | undefined =>
  scope.protocolMappers.find((one: Mapper) => one.protocolMapper === `oidc-${kind}-mapper`);

test("tokens of the realm live no longer than the gateway takes by default", () => {
  expect(realm.accessTokenLifespan * 1_000).toBeLessThanOrEqual(
    environment.shape.AUTH_MAX_TOKEN_LIFETIME.parse(undefined),
  );
});

test("tokens of its callers have the gateway as audience, and no user can sign in as the gateway", () => {
  expect(mapper("audience")?.config).toMatchObject({
    "included.client.audience": AUDIENCE,
    "access.token.claim": "true",
  });
  const caller = realm.clients.find(({ clientId }: { clientId: string }) => clientId === "a2a-client");
  expect(caller).toMatchObject({ serviceAccountsEnabled: true, defaultClientScopes: [scope.name] });
  expect(caller).not.toHaveProperty("secret");
  const gateway = realm.clients.find(({ clientId }: { clientId: string }) => clientId === AUDIENCE);
  expect(gateway).toMatchObject({ bearerOnly: true, serviceAccountsEnabled: false, standardFlowEnabled: false });
});

test("its roles are in the claims that are read for roles", () => {
  const claims: Record<string, unknown> = {};
  const [user] = realm.users;
  put(claims, mapper("usermodel-realm-role")?.config["claim.name"] ?? "", user.realmRoles);
  const clientRoles = realm.roles.client[AUDIENCE].map(({ name }: { name: string }) => name);
  const name = mapper("usermodel-client-role")?.config["claim.name"] ?? "";
  put(claims, name.replace("${client_id}", AUDIENCE), clientRoles);
  expect(toRoles(claims, [AUDIENCE])).toEqual(["a2a-caller", "contracts-reader"]);
  for (const role of user.realmRoles) {
    expect(realm.roles.realm).toContainEqual(expect.objectContaining({ name: role }));
  }
});

function put(claims: Record<string, unknown>, path: string, value: unknown): void {
  const [first = "", ...rest] = path.split(".");
  if (rest.length === 0) {
    claims[first] = value;
    return;
  }
  const inner = (claims[first] ??= {}) as Record<string, unknown>;
  put(inner, rest.join("."), value);
}

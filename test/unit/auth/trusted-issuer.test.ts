import { expect, test } from "vitest";
import { toTrustedIssuers } from "../../../src/auth/trusted-issuer.ts";

const defaults = { audiences: ["gateway"], requiredRole: "caller", maxTokenLifetime: 900 };

test("what the gateway config says of an issuer goes before what holds for all", () => {
  const details = [{ issuer: "https://one.test", maxTokenLifetime: 300, algorithms: ["ES256"] }];
  const [one, two] = toTrustedIssuers(["https://one.test", "https://two.test"], details, defaults);
  expect(one).toMatchObject({ maxTokenLifetime: 300, algorithms: ["ES256"], requiredRole: "caller" });
  expect(two).toMatchObject({ maxTokenLifetime: 900, audiences: ["gateway"] });
  expect(two?.tokenUrl).toBeUndefined();
});

test("Keycloak's and Entra's token endpoints are known", () => {
  const issuers = ["https://id.test/realms/a2a", "https://login.microsoftonline.com/tenant/v2.0"];
  const [keycloak, entra] = toTrustedIssuers(issuers, [], { ...defaults, audiences: ["api://gateway"] });
  expect(keycloak?.tokenUrl).toBe("https://id.test/realms/a2a/protocol/openid-connect/token");
  expect(entra?.tokenUrl).toBe("https://login.microsoftonline.com/tenant/oauth2/v2.0/token");
  expect(Object.keys(entra?.scopes ?? {})).toEqual(["api://gateway/.default"]);
});

test.each([
  ["http://issuer.test", {}, "https"],
  ["issuer", {}, "https"],
  ["https://issuer.test", { audiences: [] }, "audience"],
  ["https://issuer.test", { algorithms: ["HS256"] }, "HS256"],
  ["https://issuer.test", { algorithms: ["none"] }, "none"],
])("%s with %j is refused, and why", (issuer, more, reason) => {
  expect(() => toTrustedIssuers([], [{ issuer, ...more }], defaults)).toThrow(reason);
});

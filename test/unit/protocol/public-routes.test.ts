import { expect, test } from "vitest";
import { AuthError } from "../../../src/auth/auth-fault.ts";
import { toTrustedIssuers } from "../../../src/auth/trusted-issuer.ts";
import { createFakeGateway } from "./fake-gateway.ts";

const issuers = toTrustedIssuers(["https://issuer.test"], [], { audiences: ["gateway"], maxTokenLifetime: 900 });
const { fetch, routes } = createFakeGateway(
  {},
  {
    issuers,
    authenticate() {
      throw new AuthError({ code: "no-token" });
    },
  },
);

/** What CONTRACT says needs no token. */
const PUBLIC = [
  /^\/(?:livez|readyz)$/,
  /^\/\.well-known\/oauth-protected-resource/,
  /^\/\.well-known\/jwks\.json$/,
  /\/\.well-known\/agent(?:-card)?\.json$/,
];

test("every route needs a token, but for those that are public", async () => {
  const answers: string[] = [];
  for (const [pattern, methods] of routes) {
    const path = pattern
      .replace(/:agent\{[^}]*\}|:agent/, "echo")
      .replace(":tenant", "acme")
      .replace(/:task\{\[\^\/\]\+(:[a-z]+)\}/, "t-1$1")
      .replace(":task", "t-1")
      .replace(":config", "c-1");
    for (const method of methods.keys()) {
      const isPublic = PUBLIC.some((one) => one.test(path));
      const body = method === "POST" ? { body: "{}", headers: { "content-type": "application/json" } } : {};
      const { status, headers } = await fetch(path, { method, ...body });
      answers.push(`${method} ${path} ${status}`);
      expect([method, path, status === 401]).toEqual([method, path, !isPublic]);
      expect(headers.has("www-authenticate")).toBe(!isPublic);
    }
    const options = await fetch(path, { method: "OPTIONS" });
    expect([path, options.status]).toEqual([path, 204]);
  }
  expect(answers.length).toBeGreaterThan(80);
});

test("a challenge names the metadata of what was asked for, and that is public", async () => {
  const asked = await fetch("/agents/echo", { method: "POST", body: "{}" });
  expect(asked.headers.get("www-authenticate")).toBe(
    'Bearer resource_metadata="https://gateway.test/.well-known/oauth-protected-resource/agents/echo"',
  );
  const atRoot = await fetch("/", { method: "POST", body: "{}" });
  expect(atRoot.headers.get("www-authenticate")).toContain('oauth-protected-resource"');
  const root = await fetch("/.well-known/oauth-protected-resource");
  expect(await root.json()).toEqual({
    resource: "https://gateway.test",
    authorization_servers: ["https://issuer.test"],
    bearer_methods_supported: ["header"],
  });
  const metadata = await fetch("/.well-known/oauth-protected-resource/agents/echo");
  expect(await metadata.json()).toMatchObject({ resource: "https://gateway.test/agents/echo" });
  expect((await fetch("/.well-known/oauth-protected-resource/agents/none")).status).toBe(404);
});

test("nothing is protected without authentication", async () => {
  const open = createFakeGateway();
  expect((await open.fetch("/.well-known/oauth-protected-resource")).status).toBe(404);
});

import { expect, test } from "vitest";
import { AuthError } from "../../../src/auth/auth-fault.ts";
import { toTrustedIssuers } from "../../../src/auth/trusted-issuer.ts";
import { gatewayEndpoints } from "../../../src/protocol/gateway-endpoints.ts";
import { agentResources } from "../../../src/protocol/routes.ts";
import { createFakeGateway } from "./fake-gateway.ts";

const issuers = toTrustedIssuers(["https://issuer.test"], [], { audiences: ["gateway"], maxTokenLifetime: 900 });
const { fetch, edge } = createFakeGateway(
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
  for (const [path, methods] of everyPath()) {
    for (const method of methods) {
      const isPublic = PUBLIC.some((one) => one.test(path));
      const body = method === "POST" ? { body: "{}", headers: { "content-type": "application/json" } } : {};
      const { status, headers } = await fetch(path, { method, ...body });
      answers.push(`${method} ${path} ${status}`);
      expect([method, path, status === 401]).toEqual([method, path, !isPublic]);
      expect(headers.has("www-authenticate")).toBe(!isPublic);
    }
    const options = await fetch(path, { method: "OPTIONS" });
    expect([path, options.status]).toEqual([path, 204]);
    const allowed = options.headers.get("allow")?.split(", ");
    expect([path, methods.filter((method) => !allowed?.includes(method))]).toEqual([path, []]);
  }
  expect(new Set(answers).size).toBe(answers.length);
  expect(answers.length).toBeGreaterThan(150);
});

test("a 401 names UNAUTHENTICATED, at the gateway's own paths and below an agent", async () => {
  for (const path of ["/agents", "/tasks", "/agents/echo/tasks/t-1", "/agents/echo/acme/tasks"]) {
    const response = await fetch(path, { headers: { "a2a-version": "1.0" } });
    expect([path, response.status]).toEqual([path, 401]);
    expect(await response.json()).toMatchObject({ error: { code: 401, status: "UNAUTHENTICATED" } });
  }
});

/** Below the default agent at the root, and below named ones, with a tenant and without; and the gateway's own. */
function everyPath(): (readonly [path: string, methods: readonly string[]])[] {
  const resources = agentResources(edge).map(({ template, methods }) => {
    const path = template.text.replace(":task", "t-1").replace(":config", "c-1");
    return [path === "/" ? "" : path, [...methods.keys(), ...(methods.has("GET") ? ["HEAD"] : [])]] as const;
  });
  const below = ["", "/agents/echo", "/agents/echo@2"].flatMap((agent) => [agent, `${agent}/acme`]);
  const ofAgents = below.flatMap((start) => resources.map(([path, methods]) => [start + path, methods] as const));
  const ofGateway = gatewayEndpoints(edge).map(({ path }) => [`/${path.replace("*", "echo")}`, ["GET"]] as const);
  // A tenant alone at the root is no agent's.
  return [...ofAgents.filter(([path]) => path !== "/acme"), ...ofGateway];
}

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

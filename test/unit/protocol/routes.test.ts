import { describe, expect, test } from "vitest";
import { BASE, createFakeGateway, readBody, rpc } from "./fake-gateway.ts";

describe("routes", () => {
  test("answers what exists nowhere with 404 and a hint", async () => {
    const { fetch } = createFakeGateway();
    for (const path of [
      "/nothing/at/all/here",
      "/agents/unknown",
      "/agents/unknown/message:send",
      "/agents/echo@9",
      "/agents/Echo",
      "/tasks/a/b/c/d",
      "/tasks/t:dance",
    ]) {
      const response = await fetch(path, { method: "POST" });
      expect([path, response.status]).toEqual([path, 404]);
      expect((await readBody(response)).error).toMatchObject({
        code: 404,
        status: "NOT_FOUND",
        message: expect.stringContaining("/agents"),
      });
    }
    const card = await fetch("/agents/.well-known/agent-card.json");
    expect(card.status).toBe(404);
    expect((await readBody(card)).error.message).toContain("a trailing slash");
  });

  test.each([
    ["/agents/echo", "POST, OPTIONS"],
    ["/", "POST, OPTIONS"],
    ["/agents/echo/message:send", "POST, OPTIONS"],
    ["/tasks/t:cancel", "POST, OPTIONS"],
    ["/tasks/t", "HEAD, GET, OPTIONS"],
    ["/acme/v1/tasks/t:subscribe", "HEAD, POST, GET, OPTIONS"],
    ["/agents", "HEAD, GET, OPTIONS"],
  ])("names what %s takes", async (path, allow) => {
    const { fetch } = createFakeGateway();
    const refused = await fetch(path, { method: "PATCH" });
    expect([refused.status, refused.headers.get("allow")]).toEqual([405, allow]);
    const options = await fetch(path, { method: "OPTIONS" });
    expect([options.status, options.headers.get("allow"), await options.text()]).toEqual([204, allow, ""]);
  });

  test("answers HEAD like GET, without a body", async () => {
    const { fetch } = createFakeGateway();
    const response = await fetch("/agents/echo/.well-known/agent-card.json", { method: "HEAD" });
    expect([response.status, await response.text()]).toEqual([200, ""]);
    expect(response.headers.get("etag")).not.toBeNull();
  });

  test("lets no reserved name be a tenant", async () => {
    const { fetch } = createFakeGateway();
    for (const tenant of ["tasks", "v1", "v2", "extendedAgentCard", "message:send", ".well-known"]) {
      const response = await fetch(`/agents/echo/${tenant}/tasks`, { headers: { "a2a-version": "1.0" } });
      expect([tenant, response.status === 200]).toEqual([tenant, false]);
    }
  });

  test("lists the agents page by page", async () => {
    const { fetch } = createFakeGateway();
    const echo = {
      id: "echo",
      majors: [2, 1],
      url: `${BASE}/agents/echo`,
      card: `${BASE}/agents/echo/.well-known/agent-card.json`,
    };
    expect(await readBody(await fetch("/agents"))).toMatchObject({
      agents: [echo, { id: "other", majors: [1] }],
      nextPageToken: "",
    });
    expect(await readBody(await fetch("/agents?pageSize=1"))).toEqual({ agents: [echo], nextPageToken: "other" });
    expect(await readBody(await fetch("/agents?pageToken=other"))).toMatchObject({
      agents: [{ id: "other" }],
      nextPageToken: "",
    });
    expect((await fetch("/agents?pageSize=0")).status).toBe(400);
    expect((await fetch("/agents?pageToken=x")).status).toBe(400);
  });

  test.each([
    ["ok", 200],
    ["degraded", 200],
    ["unavailable", 503],
  ] as const)("is alive, and says by its status for load balancers whether it is ready: %s", async (status, code) => {
    const readiness = { status, checks: { queue: { status: "failed", reason: "answered 503" } as const } };
    const { fetch } = createFakeGateway({}, { ready: async () => readiness });
    const response = await fetch("/readyz");
    expect((await fetch("/livez")).status).toBe(200);
    expect(response.status).toBe(code);
    expect(await response.json()).toEqual(readiness);
  });

  test("lets the configured pages call, and no others", async () => {
    const { fetch } = createFakeGateway({}, { corsOrigins: ["https://page.test"] });
    const allowed = await fetch("/agents/echo", rpc("GetTask", { id: "t-1" }, "1.0", { origin: "https://page.test" }));
    expect(allowed.headers.get("access-control-allow-origin")).toBe("https://page.test");
    expect(allowed.headers.get("access-control-expose-headers")).toBe(
      "A2A-Extensions,X-A2A-Extensions,ETag,Retry-After,WWW-Authenticate",
    );
    const other = await fetch("/agents", { headers: { origin: "https://other.test" } });
    expect(other.headers.get("access-control-allow-origin")).toBeNull();
    expect(
      (await createFakeGateway().fetch("/agents", { headers: { origin: "https://page.test" } })).headers.get(
        "access-control-allow-origin",
      ),
    ).toBeNull();
  });

  test("answers an unforeseen fault outside the bindings with the id of its log entry", async () => {
    const ready = async (): Promise<never> => {
      throw new Error("secret");
    };
    const { fetch, logged } = createFakeGateway({}, { ready });
    const response = await fetch("/readyz");
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret");
    expect(logged).toHaveLength(1);
  });
});

describe("the Agent Card", () => {
  const path = "/agents/echo/.well-known/agent-card.json";

  test("has the shape of the version asked for", async () => {
    const { fetch } = createFakeGateway();
    const current = await readBody(await fetch(path, { headers: { "a2a-version": "1.0" } }));
    expect(current.supportedInterfaces).toEqual([
      { url: `${BASE}/agents/echo`, protocolBinding: "JSONRPC", protocolVersion: "1.0" },
      { url: `${BASE}/agents/echo`, protocolBinding: "HTTP+JSON", protocolVersion: "1.0" },
      { url: `${BASE}/agents/echo`, protocolBinding: "JSONRPC", protocolVersion: "0.3" },
      { url: `${BASE}/agents/echo`, protocolBinding: "HTTP+JSON", protocolVersion: "0.3" },
    ]);
    expect(current).toMatchObject({
      version: "2.1.0",
      capabilities: { streaming: true, pushNotifications: true, extendedAgentCard: false },
    });
    expect(current).not.toHaveProperty("url");
    const unknown = await fetch(path, { headers: { "a2a-version": "7.0" } });
    expect([unknown.status, (await readBody(unknown)).error.details[0].reason]).toEqual([400, "VERSION_NOT_SUPPORTED"]);
    const legacy = await readBody(await fetch(path));
    expect(legacy).toMatchObject({
      protocolVersion: "0.3.0",
      url: `${BASE}/agents/echo`,
      preferredTransport: "JSONRPC",
      additionalInterfaces: [{ url: `${BASE}/agents/echo`, transport: "HTTP+JSON" }],
      supportedInterfaces: current.supportedInterfaces,
    });
  });

  test("names the pinned major, the tenant, and for the root the default agent", async () => {
    const { fetch } = createFakeGateway();
    const get = async (url: string) => readBody(await fetch(url, { headers: { "a2a-version": "1.0" } }));
    expect(await get("/agents/echo@1/.well-known/agent-card.json")).toMatchObject({
      version: "1.4.0",
      supportedInterfaces: [{ url: `${BASE}/agents/echo@1` }, {}, {}, {}],
    });
    expect((await get("/agents/echo/acme/.well-known/agent-card.json")).supportedInterfaces).toMatchObject([
      { url: `${BASE}/agents/echo`, tenant: "acme" },
      { url: `${BASE}/agents/echo`, tenant: "acme" },
      { url: `${BASE}/agents/echo/acme` },
      { url: `${BASE}/agents/echo/acme` },
    ]);
    for (const root of ["/.well-known/agent-card.json", "/.well-known/agent.json"]) {
      expect(await get(root)).toMatchObject({
        name: "Echo",
        supportedInterfaces: [{ url: `${BASE}/agents/echo` }, {}, {}, {}],
      });
    }
  });

  test("can be cached per version and is not sent twice", async () => {
    const { fetch } = createFakeGateway();
    const response = await fetch(path);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "cache-control": "public, max-age=300",
      vary: "A2A-Version",
      "last-modified": "Fri, 02 Jan 2026 03:04:05 GMT",
    });
    const etag = response.headers.get("etag") ?? "";
    expect(etag).not.toBe((await fetch(path, { headers: { "a2a-version": "1.0" } })).headers.get("etag"));
    const status = async (headers: Record<string, string>) => (await fetch(path, { headers })).status;
    expect(await status({ "if-none-match": etag })).toBe(304);
    expect(await status({ "if-none-match": `"x", W/${etag}` })).toBe(304);
    expect(await status({ "if-none-match": '"x"', "if-modified-since": "Fri, 02 Jan 2026 03:04:05 GMT" })).toBe(200);
    expect(await status({ "if-modified-since": "Fri, 02 Jan 2026 03:04:05 GMT" })).toBe(304);
    expect(await status({ "if-modified-since": "Fri, 02 Jan 2026 03:04:04 GMT" })).toBe(200);
    expect(await status({ "if-modified-since": "whenever" })).toBe(200);
  });
});

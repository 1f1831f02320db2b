import { describe, expect, test } from "vitest";
import { checkedFetch } from "./checked-fetch.ts";
import type { Answer } from "./json.ts";
import { describeHosts } from "./target.ts";

const wellKnown = ".well-known/agent-card.json";
const v1 = { "a2a-version": "1.0" };

describeHosts("Agent Cards", (host) => {
  const get = async (path: string, headers: { [name: string]: string } = {}, method = "GET"): Promise<Response> =>
    checkedFetch(`${host.url}/${path}`, { method, headers });
  const read = async (path: string, headers?: { [name: string]: string }): Promise<Answer> =>
    (await get(path, headers)).json();

  test("every agent has one [8.1-card]", async () => {
    for (const id of ["echo", "chat", "slow", "message", "executor"]) {
      const card = await read(`agents/${id}/${wellKnown}`, v1);
      expect(card).toMatchObject({ name: id, version: "1.0.0", skills: [{ id }] });
    }
  });

  test("declare every interface that is served, the preferred first [8.3-interfaces] [5.2-declared] [5.1-same-operations]", async () => {
    const { supportedInterfaces, capabilities } = await read(`agents/echo/${wellKnown}`, v1);
    const url = expect.stringMatching(new RegExp(`^${host.url}/agents/echo/?$`));
    for (const protocolVersion of ["1.0", "0.3"]) {
      for (const protocolBinding of ["JSONRPC", "HTTP+JSON"]) {
        expect(supportedInterfaces).toContainEqual({ url, protocolBinding, protocolVersion });
      }
    }
    expect(supportedInterfaces[0]).toMatchObject({ protocolBinding: "JSONRPC", protocolVersion: "1.0" });
    expect(capabilities).toMatchObject({ streaming: true, pushNotifications: true });
    expect(capabilities.extendedAgentCard ?? false).toBe(false);
  });

  test("are v0.3-shaped for those who name no version, with the v1.0 interfaces embedded [wire-card-versions]", async () => {
    for (const headers of [{}, { "a2a-version": "0.3" }]) {
      const card = await read(`agents/echo/${wellKnown}`, headers);
      expect(card).toMatchObject({
        name: "echo",
        protocolVersion: expect.stringMatching(/^0\.3/),
        preferredTransport: "JSONRPC",
      });
      expect(card.url).toMatch(new RegExp(`^${host.url}/agents/echo`));
      expect(card.additionalInterfaces).toContainEqual({ url: expect.any(String), transport: "HTTP+JSON" });
      expect(card.supportedInterfaces).toEqual((await read(`agents/echo/${wellKnown}`, v1)).supportedInterfaces);
    }
  });

  test("take the version from the query too, and vary by it [wire-card-versions]", async () => {
    const response = await get(`agents/echo/${wellKnown}?A2A-Version=1.0`);
    expect(await response.json()).not.toHaveProperty("protocolVersion");
    expect(response.headers.get("vary")?.toLowerCase()).toContain("a2a-version");
  });

  test("of no supported version are refused", async () => {
    expect((await get(`agents/echo/${wellKnown}`, { "a2a-version": "7.0" })).status).toBe(400);
  });

  describe("caching", () => {
    test("is allowed for a while, with validators [wire-card-caching]", async () => {
      const { status, headers } = await get(`agents/echo/${wellKnown}`, v1);
      expect(status).toBe(200);
      expect(headers.get("content-type")).toMatch(/^application\/(?:a2a\+)?json\b/);
      expect(headers.get("cache-control")).toMatch(/\bmax-age=\d+/);
      expect(headers.get("etag")).toMatch(/^(?:W\/)?"[^"]+"$/);
      expect(Date.parse(headers.get("last-modified") ?? "")).toBeLessThanOrEqual(Date.now());
    });

    test("answers 304 to what has not changed [wire-card-caching]", async () => {
      const first = await get(`agents/echo/${wellKnown}`, v1);
      const etag = first.headers.get("etag") ?? "";
      const modified = first.headers.get("last-modified") ?? "";
      for (const condition of [
        { "if-none-match": etag },
        { "if-none-match": `"other", ${etag}` },
        { "if-none-match": "*" },
        { "if-modified-since": modified },
      ]) {
        const again = await get(`agents/echo/${wellKnown}`, { ...v1, ...condition });
        expect(again.status).toBe(304);
        expect(again.headers.get("etag")).toBe(etag);
        expect(await again.text()).toBe("");
      }
    });

    test("answers in full to what has changed, and the ETag beats the date [wire-card-caching]", async () => {
      const modified = (await get(`agents/echo/${wellKnown}`, v1)).headers.get("last-modified") ?? "";
      const condition = { "if-none-match": '"other"', "if-modified-since": modified };
      expect((await get(`agents/echo/${wellKnown}`, { ...v1, ...condition })).status).toBe(200);
    });

    test("tells versions and agents apart [wire-card-caching]", async () => {
      const tags = await Promise.all(
        [get(`agents/echo/${wellKnown}`, v1), get(`agents/echo/${wellKnown}`), get(`agents/chat/${wellKnown}`, v1)].map(
          async (response) => (await response).headers.get("etag"),
        ),
      );
      expect(new Set(tags).size).toBe(3);
    });
  });

  describe("URLs", () => {
    test("the default agent's is at the root too, under both names [wire-default-agent]", async () => {
      expect(await read(wellKnown, v1)).toMatchObject({ name: "echo" });
      expect(await read(".well-known/agent.json")).toMatchObject({ name: "echo", protocolVersion: expect.any(String) });
    });

    test("the default agent answers calls at the root [wire-default-agent] [wire-urls]", async () => {
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ListTasks", params: {} });
      const headers = { ...v1, "content-type": "application/json" };
      for (const path of ["", "agents/echo", "agents/echo/"]) {
        const response = await checkedFetch(`${host.url}/${path}`, { method: "POST", headers, body });
        expect(await response.json()).toMatchObject({ id: 1, result: { pageSize: 50 } });
      }
      expect(await read("tasks", v1)).toMatchObject({ pageSize: 50 });
    });

    test("a major may be pinned; without one the newest answers [wire-pinned-major]", async () => {
      expect(await read(`agents/pinned@1/${wellKnown}`, v1)).toMatchObject({ version: "1.4.2" });
      expect(await read(`agents/pinned@2/${wellKnown}`, v1)).toMatchObject({ version: "2.0.1" });
      expect(await read(`agents/pinned/${wellKnown}`, v1)).toMatchObject({ version: "2.0.1" });
      expect((await get(`agents/pinned@3/${wellKnown}`, v1)).status).toBe(404);
      expect((await read(`agents/pinned@1/${wellKnown}`, v1)).supportedInterfaces[0].url).toContain("/agents/pinned@1");
    });

    test("an unknown agent is 404", async () => {
      expect((await get(`agents/nobody/${wellKnown}`, v1)).status).toBe(404);
      const headers = { ...v1, "content-type": "application/json" };
      const response = await fetch(`${host.url}/agents/nobody`, { method: "POST", headers, body: "{}" });
      expect(response.status).toBe(404);
    });

    test("without the agent's slash it is a 404 that says what to ask for [wire-card-slashless]", async () => {
      const response = await get(`agents/${wellKnown}`, v1);
      expect(response.status).toBe(404);
      expect(await response.text()).toMatch(/slash/i);
    });
  });

  describe("the catalog", () => {
    test("lists the agents, with their majors, URL and card [wire-catalog]", async () => {
      const { agents, nextPageToken } = await read("agents");
      const ids = agents.map(({ id }: Answer) => id);
      expect(ids).toContain("echo");
      expect(new Set(ids).size).toBe(ids.length);
      expect(nextPageToken).toBe("");
      const pinned = agents.find(({ id }: Answer) => id === "pinned");
      expect(pinned.majors.toSorted()).toEqual([1, 2]);
      expect(pinned.url).toBe(`${host.url}/agents/pinned`);
      expect((await checkedFetch(pinned.card, { headers: v1 })).status).toBe(200);
    });
  });

  describe("methods", () => {
    test("HEAD is GET without a body [wire-methods]", async () => {
      const head = await get(`agents/echo/${wellKnown}`, v1, "HEAD");
      const full = await get(`agents/echo/${wellKnown}`, v1);
      expect([head.status, await head.text()]).toEqual([200, ""]);
      expect(head.headers.get("etag")).toBe(full.headers.get("etag"));
    });

    test.each<[string, string, RegExp]>([
      ["DELETE", `agents/echo/${wellKnown}`, /\bGET\b/],
      ["POST", `agents/echo/${wellKnown}`, /\bGET\b/],
      ["GET", "agents/echo", /\bPOST\b/],
      ["PUT", "agents/echo", /\bPOST\b/],
      ["GET", "agents/echo/message:send", /\bPOST\b/],
      ["PATCH", "agents/echo/tasks/x", /\bGET\b/],
      ["DELETE", "agents/echo/tasks", /\bGET\b/],
      ["POST", "agents", /\bGET\b/],
    ])("%s %s is 405 and says what is allowed [wire-methods]", async (method, path, allowed) => {
      const response = await get(path, v1, method);
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toMatch(allowed);
    });

    test("OPTIONS answers without a token and without a body [wire-methods]", async () => {
      for (const path of [`agents/echo/${wellKnown}`, "agents/echo", "agents/echo/message:send", "agents"]) {
        const response = await get(path, {}, "OPTIONS");
        expect(response.status).toBe(204);
        expect(response.headers.get("allow")).toMatch(/\b(?:GET|POST)\b/);
      }
    });
  });
});

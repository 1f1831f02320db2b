import { describe, expect, test } from "vitest";
import { checkedFetch } from "./checked-fetch.ts";
import type { Answer } from "./json.ts";
import { toSend } from "./messages.ts";
import { describeHosts } from "./target.ts";
import { toRefusal, toHttpError, toRpcError } from "./wire-error.ts";

describeHosts("A2A-Version", (host) => {
  /** GetTask of no task: which code names the error tells which version answered. */
  const ask = async (query: string, headers: { [name: string]: string }, method = "GetTask"): Promise<Answer> => {
    const response = await checkedFetch(`${host.url}/agents/echo${query}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { id: "none" } }),
    });
    return response.json();
  };
  const list = async (query: string, headers: { [name: string]: string } = {}): Promise<Response> =>
    checkedFetch(`${host.url}/agents/echo/tasks${query}`, { headers });

  describe("over JSON-RPC", () => {
    test.each(["1.0", "1.0.1", "1.0.99", " 1.0 "])(
      "%j is v1.0 [3.6-patch-ignored] [3.6.2-semantics]",
      async (version) => {
        expect(await ask("", { "A2A-Version": version })).toMatchObject({ error: { code: -32001 } });
        expect(await ask("", { "A2A-Version": version }, "tasks/get")).toMatchObject({ error: { code: -32601 } });
      },
    );

    test.each(["0.3", "0.3.0", ""])(
      "%j is v0.3 [3.6-patch-ignored] [3.6.2-empty] [3.6.2-semantics]",
      async (version) => {
        expect(await ask("", { "A2A-Version": version }, "tasks/get")).toMatchObject({ error: { code: -32001 } });
        expect(await ask("", { "A2A-Version": version })).toMatchObject({ error: { code: -32601 } });
      },
    );

    test("none is v0.3 [3.6.2-empty]", async () => {
      expect(await ask("", {}, "tasks/get")).toMatchObject({ error: { code: -32001 } });
    });

    test.each(["0.2", "0.4", "1.1", "2.0", "10.0", "1", "latest", "1.0, 0.3"])(
      "%j is not supported [3.6.2-unsupported] [5.4-version-not-supported]",
      async (version) => {
        const { error } = await ask("", { "A2A-Version": version });
        expect(toRpcError(200, error)).toMatchObject(toRefusal("JSONRPC", "VERSION_NOT_SUPPORTED"));
      },
    );

    test("may be a query parameter [wire-version-query]", async () => {
      expect(await ask("?A2A-Version=1.0", {})).toMatchObject({ error: { code: -32001 } });
      expect(await ask("?A2A-Version=9.0", {})).toMatchObject({ error: { code: -32009 } });
    });

    test("the header's name ignores case [9.2-headers]", async () => {
      expect(await ask("", { "a2A-vErSiOn": "1.0" })).toMatchObject({ error: { code: -32001 } });
    });
  });

  describe("over HTTP+JSON", () => {
    test.each(["1.0", "1.0.1"])("%j is v1.0 [3.6-patch-ignored]", async (version) => {
      expect((await list("", { "A2A-Version": version })).status).toBe(200);
    });

    test("may be a query parameter [wire-version-query]", async () => {
      expect((await list("?A2A-Version=1.0")).status).toBe(200);
    });

    test("the header's name ignores case [11.2-headers]", async () => {
      expect((await list("", { "a2a-VERSION": "1.0" })).status).toBe(200);
    });

    test.each(["0.2", "1.1", "2.0", "latest"])("%j is not supported [3.6.2-unsupported]", async (version) => {
      const response = await list("", { "A2A-Version": version });
      const { error } = (await response.json()) as Answer;
      expect(toHttpError(response.status, error)).toMatchObject(toRefusal("HTTP+JSON", "VERSION_NOT_SUPPORTED"));
    });

    test("none is not supported, and the error names the header [wire-version-absent-rest]", async () => {
      const response = await list("");
      const { error } = (await response.json()) as Answer;
      expect(toHttpError(response.status, error)).toMatchObject(toRefusal("HTTP+JSON", "VERSION_NOT_SUPPORTED"));
      expect(error.message).toContain("A2A-Version");
    });
  });

  test("v0.3 has no task list in either binding [wire-v03-no-list]", async () => {
    expect(await ask("", { "A2A-Version": "0.3" }, "tasks/list")).toMatchObject({ error: { code: -32601 } });
    expect((await checkedFetch(`${host.url}/agents/echo/v1/tasks`)).status).toBeGreaterThanOrEqual(400);
  });

  test("one task is seen by both versions, each in its own form [3.6.2-semantics]", async () => {
    const response = await checkedFetch(`${host.url}/agents/echo/message:send`, {
      method: "POST",
      headers: { "content-type": "application/a2a+json", "a2a-version": "1.0" },
      body: JSON.stringify(toSend("hi")),
    });
    const { task } = (await response.json()) as Answer;
    const legacy = await checkedFetch(`${host.url}/agents/echo`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tasks/get", params: { id: task.id } }),
    });
    expect(await legacy.json()).toMatchObject({
      result: {
        kind: "task",
        id: task.id,
        status: { state: "completed" },
        artifacts: [{ parts: [{ kind: "text", text: "hi" }] }],
      },
    });
    const rest = await checkedFetch(`${host.url}/agents/echo/v1/tasks/${task.id}`);
    expect(await rest.json()).toMatchObject({ id: task.id, status: { state: "TASK_STATE_COMPLETED" } });
  });
});

import { describe, expect, test } from "vitest";
import type { PlainEngine } from "../../support/plain-engine.ts";
import { TaskError } from "../../../src/tasks/task-fault.ts";
import { createFakeGateway, post, readBody, readEvents, userMessage } from "./fake-gateway.ts";

const v1 = { "a2a-version": "1.0" };

describe("HTTP+JSON of 1.0", () => {
  test("answers below every way to name an agent", async () => {
    const { fetch, calls } = createFakeGateway();
    for (const prefix of ["", "/acme", "/agents/echo", "/agents/echo@1", "/agents/echo/acme"]) {
      const response = await fetch(`${prefix}/message:send`, post({ message: userMessage }));
      expect(response.headers.get("content-type")).toBe("application/a2a+json");
      expect(await readBody(response)).toMatchObject({ task: { id: "t-1" } });
    }
    expect(calls.map(({ caller }) => caller.tenant)).toEqual(["", "acme", "", "", "acme"]);
    const encoded = await fetch("/agents/echo/message%3Asend", post({ message: userMessage }));
    expect(encoded.status).toBe(200);
  });

  test("needs the version, and names the header", async () => {
    const { fetch } = createFakeGateway();
    for (const headers of [{}, { "a2a-version": "" }, { "a2a-version": "0.3" }]) {
      const response = await fetch("/agents/echo/tasks/t-1", { headers });
      expect(response.status).toBe(400);
      const { error } = await readBody(response);
      expect(error).toMatchObject({
        code: 400,
        status: "FAILED_PRECONDITION",
        details: [{ reason: "VERSION_NOT_SUPPORTED" }],
      });
      expect(error.message).toContain("A2A-Version: 1.0");
    }
    expect((await fetch("/agents/echo/tasks/t-1?A2A-Version=1.0")).status).toBe(200);
  });

  test("reads what a list asks for from the query", async () => {
    let seen: unknown;
    const list: PlainEngine["list"] = async (_call, request) => {
      seen = request;
      return { tasks: [], nextPageToken: "", pageSize: 0, totalSize: 0 };
    };
    const { fetch } = createFakeGateway({ list });
    const query =
      "contextId=c&status=TASK_STATE_WORKING&pageSize=5&pageToken=p&historyLength=0&statusTimestampAfter=2026-01-01T00:00:00Z&includeArtifacts=true";
    const response = await fetch(`/agents/echo/tasks?${query}`, { headers: v1 });
    expect(await readBody(response)).toEqual({ tasks: [], nextPageToken: "", pageSize: 0, totalSize: 0 });
    expect(seen).toMatchObject({
      contextId: "c",
      status: 2,
      pageSize: 5,
      pageToken: "p",
      historyLength: 0,
      includeArtifacts: true,
    });
    for (const bad of [
      "pageSize=x",
      "pageSize=0",
      "status=WORKING",
      "includeArtifacts=1",
      "historyLength=-1",
      "historyLength=1.5",
      "tenant=v1",
    ]) {
      expect((await fetch(`/agents/echo/tasks?${bad}`, { headers: v1 })).status).toBe(400);
    }
  });

  test("cancels and subscribes without a body, and subscribes by GET", async () => {
    const { fetch } = createFakeGateway();
    const canceled = await fetch("/agents/echo/tasks/t-1:cancel", { method: "POST", headers: v1 });
    expect(await readBody(canceled)).toMatchObject({
      error: { code: 400, details: [{ reason: "TASK_NOT_CANCELABLE" }] },
    });
    for (const method of ["POST", "GET"]) {
      const response = await fetch("/agents/echo/tasks/t-1:subscribe", { method, headers: v1 });
      expect((await readEvents(response)).map(({ data }) => Object.keys(data))).toEqual([["task"], ["statusUpdate"]]);
    }
  });

  test.each([
    [{ code: "not-found", taskId: "t" } as const, 404, "NOT_FOUND"],
    [{ code: "invalid", violations: [{ field: "id", description: "bad" }] } as const, 400, "INVALID_ARGUMENT"],
    [{ code: "invalid-agent-response", message: "no" } as const, 500, "INTERNAL"],
    [{ code: "busy", message: "later", retryAfter: 3 } as const, 429, "RESOURCE_EXHAUSTED"],
    [{ code: "unavailable", message: "later", retryAfter: 3 } as const, 503, "UNAVAILABLE"],
  ])("tells %j as HTTP %i", async (fault, code, status) => {
    const fail = async (): Promise<never> => {
      throw new TaskError(fault);
    };
    const { fetch } = createFakeGateway({ get: fail, send: fail });
    for (const response of [
      await fetch("/tasks/t", { headers: v1 }),
      await fetch("/message:send", post({ message: userMessage })),
    ]) {
      expect(response.status).toBe(code);
      expect(response.headers.get("content-type")).toBe("application/a2a+json");
      expect(response.headers.get("retry-after")).toBe("retryAfter" in fault ? "3" : null);
      const { error } = await readBody(response);
      expect(error).toMatchObject({ code, status });
      expect(error.details[0]["@type"]).toMatch(/^type\.googleapis\.com\/google\.rpc\./);
    }
  });

  test("refuses a body that is not an object, malformed, of another type, or too large", async () => {
    const { fetch } = createFakeGateway();
    const headers = { ...v1, "content-type": "application/json" };
    const send = async (body: string, more = {}) =>
      fetch("/message:send", { method: "POST", headers: { ...headers, ...more }, body });
    for (const body of ["null", "[]", "{", ""]) {
      const response = await send(body);
      expect(response.status).toBe(400);
      expect(await readBody(response)).toMatchObject({ error: { status: "INVALID_ARGUMENT" } });
    }
    expect((await send("{}", { "content-type": "text/plain" })).status).toBe(400);
    expect((await send(" ".repeat(100_001))).status).toBe(413);
    expect((await fetch("/tasks/t-1:cancel", post([]))).status).toBe(400);
  });

  test("takes the ids of push configs from the path, and has no extended card", async () => {
    const asked: unknown[] = [];
    const note = async (_call: unknown, request: unknown) => {
      asked.push(request);
      return { tenant: "", id: "c", taskId: "t-1", url: "https://x.example", token: "", authentication: undefined };
    };
    const list = async (call: unknown, request: unknown) => ({
      configs: [await note(call, request)],
      nextPageToken: "",
    });
    const remove = async (call: unknown, request: unknown) => void (await note(call, request));
    const pushConfigs = { create: note, get: note, list, delete: remove };
    const { fetch } = createFakeGateway({}, { pushConfigs });
    const path = "/agents/echo/tasks/t-1/pushNotificationConfigs";
    await fetch(path, post({ url: "https://x.example", taskId: "other" }));
    await fetch(`${path}?pageSize=5`, { headers: v1 });
    await fetch(`${path}/c`, { headers: v1 });
    await fetch(`${path}/c`, { method: "DELETE", headers: v1 });
    expect(asked).toMatchObject([
      { taskId: "t-1", url: "https://x.example" },
      { taskId: "t-1", pageSize: 5 },
      { taskId: "t-1", id: "c" },
      { taskId: "t-1", id: "c" },
    ]);
    const card = await fetch("/agents/echo/extendedAgentCard", { headers: v1 });
    expect(await readBody(card)).toMatchObject({ error: { details: [{ reason: "UNSUPPORTED_OPERATION" }] } });
  });
});

describe("HTTP+JSON of 0.3", () => {
  const message = { messageId: "m", role: "ROLE_USER", content: [{ text: "hello" }] };

  test("sends and gets in the ProtoJSON of 0.3", async () => {
    const { fetch } = createFakeGateway();
    const parts = [
      { text: "hello" },
      { file: { fileWithBytes: btoa("AAEC"), mimeType: "image/png", name: "x.png" } },
      { data: { data: { a: 1 } } },
    ];
    const sent = await fetch(
      "/agents/echo/v1/message:send",
      post({ message: { ...message, content: parts } }, { "a2a-version": "" }),
    );
    expect(sent.status).toBe(200);
    expect((await readBody(sent)).task.artifacts[0].parts).toEqual(parts);
    const got = await fetch("/v1/tasks/t-1?historyLength=1");
    expect(await readBody(got)).toMatchObject({ id: "t-1", status: { state: "TASK_STATE_COMPLETED" } });
  });

  test.each([
    [undefined, undefined],
    [{}, true],
    [{ blocking: true, historyLength: 0 }, false],
  ])("with configuration %j has returnImmediately %j, as its own servers do", async (configuration, expected) => {
    let seen: { readonly returnImmediately: boolean; readonly historyLength?: number | undefined } | undefined;
    const send: PlainEngine["send"] = async (_call, request) => {
      seen = request.configuration;
      throw new TaskError({ code: "unsupported", message: "enough" });
    };
    const { fetch } = createFakeGateway({ send });
    const response = await fetch("/v1/message:send", post({ message, configuration }, { "a2a-version": "0.3" }));
    expect(seen?.returnImmediately).toBe(expected);
    expect(seen?.historyLength).toBeUndefined();
    expect(await readBody(response)).toMatchObject({ code: -32004, message: "enough" });
  });

  test("refuses 1.0 on its paths, malformed parts, and null for a message but not for nothing", async () => {
    const { fetch } = createFakeGateway();
    const version = await fetch("/v1/tasks/t-1", { headers: v1 });
    expect(await readBody(version)).toMatchObject({ code: -32009 });
    for (const content of [[], [{}], [5], "x", [{ text: "a", file: { fileWithUri: "u" } }]]) {
      const response = await fetch(
        "/v1/message:send",
        post({ message: { ...message, content } }, { "a2a-version": "" }),
      );
      expect(response.status).toBe(400);
      expect(await readBody(response)).toMatchObject({ code: -32602 });
    }
    const canceled = await fetch("/v1/tasks/t-1:cancel", post(null, { "a2a-version": "" }));
    expect(await readBody(canceled)).toMatchObject({ code: -32002 });
    expect(await readBody(await fetch("/v1/tasks"))).toMatchObject({ code: -32601 });
    expect(await readBody(await fetch("/v1/tasks/t-1/pushNotificationConfigs"))).toMatchObject({ code: -32003 });
  });

  test("marks the event that ends a stream", async () => {
    const { fetch } = createFakeGateway();
    const events = await readEvents(await fetch("/v1/tasks/t-1:subscribe", { method: "POST" }));
    expect(events.at(-1)?.data).toMatchObject({
      statusUpdate: { status: { state: "TASK_STATE_INPUT_REQUIRED" }, final: true },
    });
  });
});

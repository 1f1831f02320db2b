import { describe, expect, test } from "vitest";
import type { PlainEngine } from "../../support/plain-engine.ts";
import { TaskError } from "../../../src/tasks/task-fault.ts";
import type { TaskFault } from "../../../src/tasks/task-fault.ts";
import { createFakeGateway, legacyMessage, readBody, rpc, userMessage } from "./fake-gateway.ts";

const URL = "/agents/echo";
const json = { "content-type": "application/json", "a2a-version": "1.0" };

async function sendText(body: string, headers: Record<string, string> = json) {
  const response = await createFakeGateway().fetch(URL, { method: "POST", headers, body });
  return { status: response.status, body: await readBody(response) };
}

async function call(method: string, params?: unknown, version = "1.0", engine: Partial<PlainEngine> = {}) {
  const gateway = createFakeGateway(engine);
  const response = await gateway.fetch(URL, rpc(method, params, version));
  return { ...gateway, response, body: await readBody(response) };
}

describe("the JSON-RPC envelope", () => {
  test.each([
    ["{", -32700],
    ["", -32700],
    ["null", -32600],
    ["5", -32600],
    ["[]", -32600],
    [JSON.stringify([{ jsonrpc: "2.0", id: 1, method: "GetTask", params: { id: "t-1" } }]), -32600],
    [JSON.stringify({ method: "GetTask" }), -32600],
    [JSON.stringify({ jsonrpc: "2.0", id: {}, method: "GetTask" }), -32600],
    [JSON.stringify({ jsonrpc: "2.0", id: 1.5, method: "GetTask" }), -32600],
    [JSON.stringify({ jsonrpc: "2.0", id: null, method: 5 }), -32600],
    [`{"jsonrpc":"2.0","id":null,"method":"GetTask","params":${"[".repeat(100)}${"]".repeat(100)}}`, -32600],
  ])("refuses %s with %i and no id", async (body, code) => {
    expect(await sendText(body)).toMatchObject({ status: 200, body: { jsonrpc: "2.0", id: null, error: { code } } });
  });

  test("keeps the id of a request that is wrong otherwise", async () => {
    const body = JSON.stringify({ jsonrpc: "1.0", id: "x", method: "GetTask" });
    expect(await sendText(body)).toMatchObject({ body: { id: "x", error: { code: -32600 } } });
  });

  test("refuses other media types and bodies over the limit, declared or not", async () => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "GetTask", params: { id: "t-1" } });
    expect(await sendText(body, { "content-type": "text/plain" })).toMatchObject({
      status: 400,
      body: { error: { code: -32005 } },
    });
    expect(
      await sendText(body, { "content-type": "application/a2a+json; charset=utf-8", "a2a-version": "1.0" }),
    ).toMatchObject({
      body: { result: { id: "t-1" } },
    });
    const large = `${body}${" ".repeat(100_000)}`;
    expect(await sendText(large)).toMatchObject({ status: 413, body: { error: { code: -32600 } } });
    expect(await sendText(large, { ...json, "content-length": String(large.length) })).toMatchObject({ status: 413 });
  });

  test("answers on the agent's URL with a slash, at the root, at a pinned major and under a tenant", async () => {
    const { fetch, calls } = createFakeGateway();
    for (const url of ["/agents/echo/", "/", "/agents/echo@1", "/agents/echo%401", "/agents/echo/acme"]) {
      const response = await fetch(url, rpc("GetTask", { id: "t-1" }));
      expect(await readBody(response)).toMatchObject({ id: 7, result: { id: "t-1" } });
    }
    expect(calls.map(({ agent }) => agent.version)).toEqual(["2.1.0", "2.1.0", "1.4.0", "1.4.0", "2.1.0"]);
    expect(calls.map(({ caller }) => caller.tenant)).toEqual(["", "", "", "", "acme"]);
    expect(new Set(calls.map(({ caller }) => caller.scope)).size).toBe(2);
    expect(calls[0]?.caller.scope).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe("versions", () => {
  test.each(["1.0", "1.0.1", " 1.0 "])("takes %s for 1.0", async (version) => {
    expect((await call("GetTask", { id: "t-1" }, version)).body).toMatchObject({
      result: { status: { state: "TASK_STATE_COMPLETED" } },
    });
  });

  test.each(["", "0.3", "0.3.0"])("takes %j for 0.3", async (version) => {
    expect((await call("tasks/get", { id: "t-1" }, version)).body).toMatchObject({
      result: { kind: "task", status: { state: "completed" } },
    });
  });

  test.each(["0.5", "1", "1.1", "2.0", "x", "1.0, 0.3"])("refuses %s", async (version) => {
    const { body } = await call("GetTask", { id: "t-1" }, version);
    expect(body).toMatchObject({
      id: 7,
      error: { code: -32009, data: [{ reason: "VERSION_NOT_SUPPORTED", domain: "a2a-protocol.org" }] },
    });
  });

  test("takes the version from the query too", async () => {
    const { fetch } = createFakeGateway();
    const response = await fetch("/agents/echo?A2A-Version=1.0", rpc("GetTask", { id: "t-1" }, ""));
    expect(await readBody(response)).toMatchObject({ result: { id: "t-1" } });
  });

  test("says which version an unknown method belongs to", async () => {
    expect((await call("message/send", {})).body.error).toMatchObject({
      code: -32601,
      message: expect.stringContaining("A2A-Version: 0.3"),
    });
    expect((await call("GetTask", {}, "")).body.error).toMatchObject({
      code: -32601,
      message: expect.stringContaining("A2A-Version: 1.0"),
    });
    expect((await call("tasks/list", {}, "")).body.error).toMatchObject({ code: -32601 });
    expect((await call("", {})).body.error).toMatchObject({ code: -32601 });
    expect((await call("toString", {})).body.error).toMatchObject({ code: -32601 });
  });
});

describe("parameters of 1.0", () => {
  const withPart = (part: unknown) => ({ message: { ...userMessage, parts: [part] } });
  test.each([
    ["SendMessage", undefined, "params"],
    ["SendMessage", [], "params"],
    ["SendMessage", {}, "message"],
    ["SendMessage", { message: "hi" }, "message"],
    ["SendMessage", { message: { ...userMessage, parts: [] } }, "message.parts"],
    ["SendMessage", { message: { ...userMessage, parts: undefined } }, "message.parts"],
    [
      "SendMessage",
      { message: { ...userMessage, parts: Array.from({ length: 21 }, () => ({ text: "" })) } },
      "message.parts",
    ],
    ["SendMessage", withPart({}), "message.parts[0]"],
    ["SendMessage", withPart(null), "message.parts[0]"],
    ["SendMessage", withPart({ text: "a", url: "b" }), "message.parts[0]"],
    ["SendMessage", withPart({ text: 5 }), "message.parts[0].text"],
    ["SendMessage", withPart({ raw: "%%%" }), "message.parts[0].raw"],
    ["SendMessage", withPart({ text: "a", mediaType: 1 }), "message.parts[0].mediaType"],
    ["SendMessage", { message: { ...userMessage, messageId: 5 } }, "message.messageId"],
    ["SendMessage", { message: { ...userMessage, messageId: "" } }, "message.messageId"],
    ["SendMessage", { message: { ...userMessage, role: "ROLE_BOSS" } }, "message.role"],
    ["SendMessage", { message: { ...userMessage, role: "ROLE_UNSPECIFIED" } }, "message.role"],
    ["SendMessage", { message: { ...userMessage, role: 0 } }, "message.role"],
    ["SendMessage", { message: { ...userMessage, metadata: [] } }, "message.metadata"],
    ["SendMessage", { message: userMessage, configuration: { historyLength: -1 } }, "configuration.historyLength"],
    ["SendMessage", { message: userMessage, configuration: { historyLength: 1.5 } }, "configuration.historyLength"],
    [
      "SendMessage",
      { message: userMessage, configuration: { returnImmediately: "no" } },
      "configuration.returnImmediately",
    ],
    ["SendMessage", { message: userMessage, tenant: "tasks" }, "tenant"],
    ["GetTask", {}, "id"],
    ["GetTask", { id: "" }, "id"],
    ["GetTask", { id: 5 }, "id"],
    ["ListTasks", { status: "RUNNING" }, "status"],
    ["ListTasks", { pageSize: 0 }, "pageSize"],
    ["ListTasks", { pageSize: 101 }, "pageSize"],
    ["ListTasks", { statusTimestampAfter: "yesterday" }, "statusTimestampAfter"],
  ])("refuses %s of %j, naming %s", async (method, params, field) => {
    const { body, calls } = await call(method, params);
    expect(body).toMatchObject({
      id: 7,
      error: {
        code: -32602,
        data: [{ reason: "INVALID_PARAMS" }, { "@type": "type.googleapis.com/google.rpc.BadRequest" }],
      },
    });
    expect(body.error.data[1].fieldViolations[0].field).toBe(field);
    expect(calls).toHaveLength(0);
  });

  test("takes snake_case names, numbers of enums, null as absent, and unknown fields", async () => {
    const message = {
      message_id: "m",
      role: 1,
      parts: [{ text: "a", media_type: "text/plain" }],
      context_id: null,
      colour: "red",
    };
    const { body } = await call("SendMessage", { message, configuration: null });
    expect(body.result.task.artifacts[0].parts[0]).toEqual({ text: "a", mediaType: "text/plain" });
  });

  test("keeps data that is null", async () => {
    const { body } = await call("SendMessage", withPart({ data: null, text: null }));
    expect(body.result.task.artifacts[0].parts).toEqual([{ data: null }]);
  });

  test("refuses a tenant that differs from the path's, and takes the same", async () => {
    const { fetch } = createFakeGateway();
    const response = await fetch("/agents/echo/acme", rpc("GetTask", { id: "t-1", tenant: "other" }));
    expect(await readBody(response)).toMatchObject({ error: { code: -32602 } });
    const same = await fetch("/agents/echo/acme", rpc("GetTask", { id: "t-1", tenant: "acme" }));
    expect(await readBody(same)).toMatchObject({ result: { id: "t-1" } });
  });
});

describe("parameters of 0.3", () => {
  test.each([
    [{}, "message"],
    [{ message: { ...legacyMessage, role: "ROLE_USER" } }, "message.role"],
    [{ message: { ...legacyMessage, parts: [] } }, "message.parts"],
    [{ message: { ...legacyMessage, parts: [null] } }, "message.parts[0]"],
    [{ message: { ...legacyMessage, parts: [{ text: "a" }] } }, "message.parts[0].kind"],
    [{ message: { ...legacyMessage, parts: [{ kind: "toString" }] } }, "message.parts[0].kind"],
    [{ message: { ...legacyMessage, parts: [{ kind: "text" }] } }, "message.parts[0].text"],
    [{ message: { ...legacyMessage, parts: [{ kind: "file", file: {} }] } }, "message.parts[0].file"],
    [{ message: { ...legacyMessage, parts: [{ kind: "data", data: [] }] } }, "message.parts[0].data"],
  ])("refuses message/send of %j, naming %s", async (params, field) => {
    const { body } = await call("message/send", params, "");
    expect(body.error).toMatchObject({ code: -32602 });
    expect(body.error.data[1].fieldViolations[0].field).toBe(field);
  });

  test.each([
    [undefined, undefined],
    [{}, false],
    [{ blocking: true }, false],
    [{ blocking: false }, true],
  ])("with configuration %j has returnImmediately %j", async (configuration, expected) => {
    let seen: boolean | undefined;
    const send: PlainEngine["send"] = async (_call, request) => {
      seen = request.configuration?.returnImmediately;
      throw new TaskError({ code: "unsupported", message: "enough" });
    };
    await call("message/send", { message: legacyMessage, configuration }, "", { send });
    expect(seen).toBe(expected);
  });
});

describe("errors", () => {
  const faults: [TaskFault, number, number, string | undefined][] = [
    [{ code: "not-found", taskId: "t" }, -32001, 200, "TASK_NOT_FOUND"],
    [{ code: "not-cancelable", taskId: "t", state: "S" }, -32002, 200, "TASK_NOT_CANCELABLE"],
    [{ code: "push-unsupported" }, -32003, 200, "PUSH_NOTIFICATION_NOT_SUPPORTED"],
    [{ code: "unsupported", message: "no" }, -32004, 200, "UNSUPPORTED_OPERATION"],
    [{ code: "content-type", message: "no" }, -32005, 200, "CONTENT_TYPE_NOT_SUPPORTED"],
    [{ code: "invalid-agent-response", message: "no" }, -32006, 200, "INVALID_AGENT_RESPONSE"],
    [{ code: "invalid", violations: [] }, -32602, 200, "INVALID_PARAMS"],
    [{ code: "busy", message: "later", retryAfter: 3 }, -32603, 429, undefined],
    [{ code: "unavailable", message: "later", retryAfter: 3 }, -32603, 503, undefined],
  ];
  test.each(faults)("tells %j as %i with HTTP %i in both versions", async (fault, code, status, reason) => {
    const get: PlainEngine["get"] = async () => {
      throw new TaskError(fault);
    };
    for (const [method, version] of [
      ["GetTask", "1.0"],
      ["tasks/get", ""],
    ] as const) {
      const { response, body } = await call(method, { id: "t" }, version, { get });
      expect(response.status).toBe(status);
      expect(response.headers.get("retry-after")).toBe("retryAfter" in fault ? "3" : null);
      expect(body).toMatchObject({ jsonrpc: "2.0", id: 7, error: { code } });
      expect(body.error.data[0].reason).toBe(reason);
    }
  });

  test("reveals only the id of the log entry for an unexpected error", async () => {
    const send: PlainEngine["send"] = async () => {
      throw new Error("the password is hunter2");
    };
    const { response, body, logged } = await call("SendMessage", { message: userMessage }, "1.0", { send });
    expect(response.status).toBe(500);
    expect(body.error).toMatchObject({ code: -32603, message: expect.stringContaining("id-1") });
    expect(JSON.stringify(body)).not.toContain("hunter2");
    expect(logged).toMatchObject([{ event: "request.failed", errorId: "id-1", message: "the password is hunter2" }]);
  });

  test.each([
    ["CreateTaskPushNotificationConfig", { taskId: "t" }, "url"],
    ["CreateTaskPushNotificationConfig", { url: "https://x.example" }, "taskId"],
    ["CreateTaskPushNotificationConfig", { taskId: "t", url: 1 }, "url"],
    ["CreateTaskPushNotificationConfig", { taskId: "t", url: "u", authentication: {} }, "authentication.scheme"],
    ["GetTaskPushNotificationConfig", { taskId: "t" }, "id"],
    ["DeleteTaskPushNotificationConfig", { id: "c" }, "taskId"],
    ["ListTaskPushNotificationConfigs", { taskId: "t", pageSize: -1 }, "pageSize"],
    [
      "SendMessage",
      { message: userMessage, configuration: { taskPushNotificationConfig: {} } },
      "configuration.taskPushNotificationConfig.url",
    ],
  ])("%s refuses %j", async (method, params, field) => {
    const { body } = await call(method, params);
    expect(body.error).toMatchObject({
      code: -32602,
      data: [{ reason: "INVALID_PARAMS" }, { fieldViolations: [{ field }] }],
    });
  });

  test.each([
    ["tasks/pushNotificationConfig/set", { taskId: "t", pushNotificationConfig: {} }, "pushNotificationConfig.url"],
    ["tasks/pushNotificationConfig/get", {}, "id"],
    ["tasks/pushNotificationConfig/delete", { id: "t" }, "pushNotificationConfigId"],
  ])("%s refuses %j", async (method, params, field) => {
    const { body } = await call(method, params, "");
    expect(body.error).toMatchObject({
      code: -32602,
      data: [{ reason: "INVALID_PARAMS" }, { fieldViolations: [{ field }] }],
    });
  });

  test("has no extended card", async () => {
    expect((await call("GetExtendedAgentCard")).body.error.code).toBe(-32004);
    expect((await call("agent/getAuthenticatedExtendedCard", undefined, "")).body.error.code).toBe(-32004);
  });
});

describe("service parameters", () => {
  const durable = { "a2a-extensions": "urn:x, urn:a2a-azure-gateway:durable:v1" };

  test("reads Last-Event-ID with the durable extension only", async () => {
    const { fetch, calls } = createFakeGateway();
    await fetch(URL, rpc("SubscribeToTask", { id: "t-1" }, "1.0", { "last-event-id": "5", ...durable }));
    await fetch(URL, rpc("SubscribeToTask", { id: "t-1" }, "1.0", { "last-event-id": "5" }));
    await fetch(`${URL}?lastEventId=6`, rpc("SubscribeToTask", { id: "t-1" }, "1.0", durable));
    expect(calls.map(({ lastEventId }) => lastEventId)).toEqual([5, undefined, 6]);
    const refused = await fetch(
      URL,
      rpc("SubscribeToTask", { id: "t-1" }, "1.0", { "last-event-id": "-1", ...durable }),
    );
    expect(await readBody(refused)).toMatchObject({ error: { code: -32602 } });
  });

  test("reads Idempotency-Key always, and refuses one that is no key", async () => {
    const { fetch, calls } = createFakeGateway();
    await fetch(URL, rpc("SendMessage", { message: userMessage }, "1.0", { "idempotency-key": "k-1" }));
    expect(calls[0]?.idempotencyKey).toBe("k-1");
    const refused = await fetch(
      URL,
      rpc("SendMessage", { message: userMessage }, "1.0", { "idempotency-key": "k".repeat(256) }),
    );
    expect(await readBody(refused)).toMatchObject({
      error: {
        code: -32602,
        data: [{ reason: "INVALID_PARAMS" }, { fieldViolations: [{ field: "Idempotency-Key" }] }],
      },
    });
  });
});

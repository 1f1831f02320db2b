import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseProto } from "./proto.ts";
import { findHttpErrorFaultsV1, findRpcFaultsV1 } from "./schema-envelopes.ts";
import { findFaultsV03Rest } from "./schema-v0-3-rest.ts";
import { findFaultsV03 } from "./schema-v0-3.ts";
import { findFaultsV1 } from "./schema-v1.ts";

const status = { state: "TASK_STATE_COMPLETED", timestamp: "2026-01-02T03:04:05.006Z" };
const task = {
  id: "t",
  contextId: "c",
  status,
  artifacts: [
    { artifactId: "a", parts: [{ text: "" }, { data: null }, { raw: "AAE=" }, { url: "https://a.example" }] },
  ],
  history: [{ messageId: "m", role: "ROLE_USER", parts: [{ text: "hi" }] }],
};

describe("a2a.proto", () => {
  const text = readFileSync(new URL("schemas/a2a.proto", import.meta.url), "utf8");
  const messages = parseProto(text);

  test("gives up every field that it marks REQUIRED", () => {
    const marked = text.match(/= REQUIRED\]/g)?.length;
    expect([...messages.values()].flatMap((message) => message.required)).toHaveLength(marked ?? -1);
    expect(marked).toBe(61);
  });

  test("gives up its oneofs", () => {
    expect(messages.get("StreamResponse")?.oneofs).toEqual([["task", "message", "statusUpdate", "artifactUpdate"]]);
    expect(messages.get("Part")?.oneofs).toEqual([["text", "raw", "url", "data"]]);
  });
});

describe("the v1.0 schema", () => {
  test("accepts a valid Task", () => {
    expect(findFaultsV1("Task", task)).toEqual([]);
  });

  test.each([
    ["an empty object", {}],
    ["no status", { id: "t" }],
    ["an empty id", { ...task, id: "" }],
    ["an unknown property", { ...task, kind: "task" }],
    ["snake_case", { id: "t", context_id: "c", status }],
    ["an enum as a number", { ...task, status: { state: 3 } }],
    ["an unspecified state", { ...task, status: { state: "TASK_STATE_UNSPECIFIED" } }],
    ["a time with an offset", { ...task, status: { ...status, timestamp: "2026-01-02T03:04:05+01:00" } }],
    ["an artifact without parts", { ...task, artifacts: [{ artifactId: "a", parts: [] }] }],
    ["a part without content", { ...task, artifacts: [{ artifactId: "a", parts: [{ mediaType: "a/b" }] }] }],
    ["a part with two contents", { ...task, artifacts: [{ artifactId: "a", parts: [{ text: "a", url: "b" }] }] }],
  ])("refuses a Task with %s", (_, value) => {
    expect(findFaultsV1("Task", value)).not.toEqual([]);
  });

  test("refuses none and two payloads of a response", () => {
    for (const wrapper of ["SendMessageResponse", "StreamResponse"]) {
      expect(findFaultsV1(wrapper, { task })).toEqual([]);
      expect(findFaultsV1(wrapper, {})).not.toEqual([]);
      expect(findFaultsV1(wrapper, { task, message: task.history[0] })).not.toEqual([]);
    }
  });

  test("asks for what ProtoJSON would leave out of an empty ListTasksResponse", () => {
    const empty = { tasks: [], nextPageToken: "", pageSize: 50, totalSize: 0 };
    expect(findFaultsV1("ListTasksResponse", empty)).toEqual([]);
    for (const name of Object.keys(empty)) {
      const { [name as keyof typeof empty]: _, ...rest } = empty;
      expect(findFaultsV1("ListTasksResponse", rest)).not.toEqual([]);
    }
  });
});

describe("the envelopes", () => {
  const data = [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "TASK_NOT_FOUND", domain: "a.org" }];

  test("check the result of a JSON-RPC response", () => {
    expect(findRpcFaultsV1("Task", { jsonrpc: "2.0", id: 1, result: task })).toEqual([]);
    expect(findRpcFaultsV1("Task", { jsonrpc: "2.0", id: 1, result: {} })).not.toEqual([]);
    expect(findRpcFaultsV1("Task", { jsonrpc: "2.0", id: 1 })).not.toEqual([]);
    expect(findRpcFaultsV1("Task", { id: 1, result: task })).not.toEqual([]);
  });

  test("check the error of a JSON-RPC response", () => {
    const error = { code: -32001, message: "Task not found", data };
    expect(findRpcFaultsV1("Task", { jsonrpc: "2.0", id: null, error })).toEqual([]);
    for (const wrong of [
      { ...error, message: "" },
      { ...error, data: [{}] },
      { ...error, data: { taskId: "t" } },
    ]) {
      expect(findRpcFaultsV1("Task", { jsonrpc: "2.0", id: null, error: wrong })).not.toEqual([]);
    }
  });

  test("check an HTTP+JSON error", () => {
    const error = { code: 404, status: "NOT_FOUND", message: "Task not found", details: data };
    expect(findHttpErrorFaultsV1({ error })).toEqual([]);
    expect(findHttpErrorFaultsV1({})).not.toEqual([]);
    expect(findHttpErrorFaultsV1({ error: { ...error, details: [{ ...data[0], reason: "notFound" }] } })).not.toEqual(
      [],
    );
  });
});

describe("the v0.3 schema", () => {
  const legacy = { kind: "task", id: "t", contextId: "c", status: { state: "completed" } };

  test("accepts a valid Task and refuses an unknown property", () => {
    expect(findFaultsV03("Task", legacy)).toEqual([]);
    expect(findFaultsV03("Task", {})).not.toEqual([]);
    expect(findFaultsV03("Task", { ...legacy, context_id: "c" })).not.toEqual([]);
  });

  test("checks a JSON-RPC response", () => {
    expect(findFaultsV03("GetTaskResponse", { jsonrpc: "2.0", id: 1, result: legacy })).toEqual([]);
    expect(findFaultsV03("GetTaskResponse", { jsonrpc: "2.0", id: 1, result: task })).not.toEqual([]);
  });

  test("tells its HTTP+JSON form from its JSON-RPC form", () => {
    const rest = { id: "t", contextId: "c", status: { state: "TASK_STATE_CANCELLED" } };
    expect(findFaultsV03Rest("Task", rest)).toEqual([]);
    expect(findFaultsV03Rest("Task", legacy)).not.toEqual([]);
    expect(findFaultsV03Rest("Task", { ...rest, status: { state: "TASK_STATE_CANCELED" } })).not.toEqual([]);
  });
});

import { randomUUID } from "node:crypto";
import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { checkedFetch } from "./checked-fetch.ts";
import { errorTable } from "./error-table.ts";
import { isObject } from "./json.ts";
import type { Answer, JsonObject } from "./json.ts";
import { createParams, createWrongLegacySend, createWrongSend, sends } from "./malformed.ts";
import { toSend } from "./messages.ts";
import { operations, toHttp } from "./operations.ts";
import type { OperationName } from "./operations.ts";
import { createPeer } from "./peer.ts";
import { describeHosts } from "./target.ts";

/** Long enough for a busy machine, short enough to tell a hang. */
const timeout = 10_000;
const seed = 20_260_105;
const huge = 34 * 1_048_576;
const names = Object.keys(operations) as OperationName[];
const legacyMethods = [
  "message/send",
  "message/stream",
  "tasks/get",
  "tasks/cancel",
  "tasks/resubscribe",
  "tasks/pushNotificationConfig/set",
];
/** What a client can be told that it did wrong. */
const clientCodes = [
  -32600,
  -32601,
  ...Object.values(errorTable).flatMap(({ rpc, http }): number[] => (http < 500 ? [rpc] : [])),
];
const clientStatuses = [400, 404, 405, 413];

describeHosts("malformed input [wire-malformed] [3.3.2-validation]", (host) => {
  const chat = createPeer("JSONRPC", host, "chat");
  let witness: Answer;
  beforeAll(async () => {
    ({ task: witness } = await chat.call("SendMessage", toSend("hi")));
  });

  const request = async (path: string, init: RequestInit): Promise<Response> =>
    checkedFetch(`${host.url}/agents/chat${path}`, { ...init, signal: AbortSignal.timeout(timeout) });

  const postRpc = async (body: string, version = "1.0"): Promise<Response> =>
    request("", { method: "POST", headers: { "content-type": "application/json", "a2a-version": version }, body });

  const callRpc = async (method: string, params: unknown, version?: string): Promise<Response> =>
    postRpc(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }), version);

  const callHttp = async (name: OperationName, params: JsonObject): Promise<Response> => {
    const { path, ...init } = toHttp(name, params);
    return request(path, { ...init, headers: { "content-type": "application/a2a+json", "a2a-version": "1.0" } });
  };

  /** Says what is wrong: another answer than these errors, or a witness that is not as it was. */
  const findRpcFault = async (response: Response, codes: readonly number[]): Promise<string | undefined> => {
    const { error } = (await response.json()) as Answer;
    if (response.status >= 500 || !codes.includes(error?.code)) return `${response.status} ${JSON.stringify(error)}`;
    return findChange();
  };

  const findHttpFault = async (response: Response): Promise<string | undefined> => {
    const text = await response.text();
    return clientStatuses.includes(response.status) ? findChange() : `${response.status} ${text.slice(0, 500)}`;
  };

  const findChange = async (): Promise<string | undefined> => {
    const now = await chat.call("GetTask", { id: witness.id });
    return JSON.stringify(now) === JSON.stringify(witness) ? undefined : `the witness is ${JSON.stringify(now)}`;
  };

  describe.each(["1.0", "0.3"])("over JSON-RPC %s", (version) => {
    test("any text is a parse error or an invalid request", async () => {
      const truncated = fc.json().map((text) => text.slice(0, -1));
      const broken = fc.oneof(fc.string(), fc.string({ unit: "binary" }), truncated);
      const find = async (body: string) => findRpcFault(await postRpc(body, version), [-32700, -32600]);
      expect(await report(broken, 40, find)).toBeUndefined();
    });

    test("any JSON is an invalid request", async () => {
      const find = async (body: string) => findRpcFault(await postRpc(body, version), [-32600]);
      expect(await report(fc.json(), 40, find)).toBeUndefined();
    });

    test("any envelope is refused by its fault", async () => {
      const member = fc.jsonValue({ maxDepth: 2 });
      const envelope = fc.record({
        jsonrpc: fc.oneof(fc.constant("2.0"), member),
        id: fc.oneof(fc.integer(), fc.string(), member),
        method: fc.oneof(fc.constantFrom("Get", "tasks", "toString", "__proto__"), member),
        params: member,
      });
      const find = async (body: unknown) =>
        findRpcFault(await postRpc(JSON.stringify(body), version), [-32600, -32601]);
      expect(await report(envelope, 40, find)).toBeUndefined();
    });
  });

  test.each(names)("any params of %s over JSON-RPC are refused", async (name) => {
    const find = async (params: unknown) => findRpcFault(await callRpc(name, params), clientCodes);
    expect(await report(createParams(name), 12, find)).toBeUndefined();
  });

  test.each(names)("any params of %s over HTTP+JSON are refused", async (name) => {
    const find = async (params: JsonObject) => findHttpFault(await callHttp(name, { ...toHoles(name), ...params }));
    expect(await report(createParams(name).filter(isObject), 12, find)).toBeUndefined();
  });

  test.each(legacyMethods)("any params of v0.3's %s are refused", async (method) => {
    const params = fc.oneof(fc.jsonValue({ maxDepth: 2 }), createWrongLegacySend());
    const find = async (value: unknown) => findRpcFault(await callRpc(method, value, "0.3"), clientCodes);
    expect(await report(params, 12, find)).toBeUndefined();
  });

  test.each(sends)("%s with one thing wrong is InvalidParams in both bindings", async (name) => {
    const find = async (params: JsonObject) =>
      (await findRpcFault(await callRpc(name, params), [-32602])) ?? findHttpFault(await callHttp(name, params));
    expect(await report(createWrongSend(), 30, find)).toBeUndefined();
  });

  test("a follow-up with one thing wrong leaves its task alone", async () => {
    const followUp = createWrongSend().map((params) =>
      isObject(params["message"]) ? { ...params, message: { ...params["message"], taskId: witness.id } } : params,
    );
    const find = async (params: JsonObject) => findRpcFault(await callRpc("SendMessage", params), [-32602]);
    expect(await report(followUp, 20, find)).toBeUndefined();
  });

  test("a page token that is not ours is refused in both bindings", async () => {
    const long = fc.string({ minLength: 2_000, maxLength: 4_000 });
    const token = fc.oneof(fc.string({ minLength: 1 }), fc.base64String({ minLength: 4 }), long);
    const find = async (pageToken: string) =>
      (await findRpcFault(await callRpc("ListTasks", { pageToken }), [-32602])) ??
      findHttpFault(await callHttp("ListTasks", { pageToken }));
    expect(await report(token, 25, find)).toBeUndefined();
  });

  test("a version that is none is refused", async () => {
    const version = fc.stringMatching(/^[0-9a-z.,;-]{1,12}$/).filter((text) => !/^(?:1\.0|0\.3)(?!\d)/.test(text));
    const find = async (text: string) => findRpcFault(await callRpc("ListTasks", {}, text), [-32009]);
    expect(await report(version, 25, find)).toBeUndefined();
  });

  test("any path is a client's error at worst", async () => {
    const odd = fc.constantFrom("tasks", "v1", "..", "%2e%2e", "%00", "tasks:cancel", "a%2Fb");
    const path = fc.array(fc.oneof(odd, fc.webSegment({ size: "small" })), { minLength: 2, maxLength: 5 });
    const find = async (segments: string[]) => {
      // Some of these paths mean something after all, so only the status is looked at.
      const url = `${host.url}/agents/chat/x${segments.join("/")}`;
      const init = { headers: { "a2a-version": "1.0" }, signal: AbortSignal.timeout(timeout) };
      const { status, body } = await fetch(url, init);
      await body?.cancel();
      return status < 500 ? undefined : String(status);
    };
    expect(await report(path, 40, find)).toBeUndefined();
  });

  describe("too much [wire-limits]", () => {
    test("text is refused in both bindings", async () => {
      const params = toSend("x".repeat(huge));
      expect((await callRpc("SendMessage", params)).status).toBe(413);
      expect((await callHttp("SendMessage", params)).status).toBe(413);
      expect(await findChange()).toBeUndefined();
    });

    test("chunked text without a declared length is refused as well", async () => {
      const chunk = new TextEncoder().encode(" ".repeat(1_048_576));
      let left = huge / chunk.length;
      const body = new ReadableStream<Uint8Array>({
        pull: (controller) => (left-- > 0 ? controller.enqueue(chunk) : controller.close()),
      });
      const headers = { "content-type": "application/a2a+json", "a2a-version": "1.0" };
      const init = { method: "POST", headers, body, duplex: "half", signal: AbortSignal.timeout(timeout) } as const;
      // A server may answer and hang up before it has read everything: then fetch sees the connection end.
      const status = await fetch(`${host.url}/agents/chat/message:send`, init).then(
        (response) => response.status,
        (error: Error) => (error.name === "TimeoutError" ? "a hang" : 413),
      );
      expect(status).toBe(413);
      expect(await findChange()).toBeUndefined();
    });

    test.each([
      ["arrays", "[", "]"],
      ["objects", '{"a":', "}"],
    ])("depth of %s is refused in both bindings", async (_, open, close) => {
      const deep = `${open.repeat(100_000)}1${close.repeat(100_000)}`;
      const send = JSON.stringify(toSend("hi", { metadata: { deep: "HERE" } })).replace('"HERE"', deep);
      const rpc = await postRpc(`{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":${send}}`);
      expect(await findRpcFault(rpc, [-32700, -32600, -32602])).toBeUndefined();
      const headers = { "content-type": "application/a2a+json", "a2a-version": "1.0" };
      const http = await request("/message:send", { method: "POST", headers, body: send });
      expect(await findHttpFault(http)).toBeUndefined();
    });

    test("parts are refused", async () => {
      const params = toSend("", { parts: Array.from({ length: 200_000 }, () => ({ text: "" })) });
      expect(await findHttpFault(await callHttp("SendMessage", params))).toBeUndefined();
    });
  });

  test("the host still answers", async () => {
    expect((await chat.call("SendMessage", toSend("hi"))).task.status.state).toBe("TASK_STATE_INPUT_REQUIRED");
  });
});

/** The smallest value for which `find` finds a fault, told with the fault; undefined when there is none. */
async function report<T>(
  arbitrary: fc.Arbitrary<T>,
  numRuns: number,
  find: (value: T) => Promise<string | undefined>,
): Promise<string | undefined> {
  const property = fc.asyncProperty(arbitrary, async (value) => {
    const fault = await find(value);
    if (fault !== undefined) throw new Error(fault);
  });
  const details = await fc.check(property, { seed, numRuns, interruptAfterTimeLimit: 15_000 });
  return details.failed ? (fc.defaultReportMessage(details) ?? "failed") : undefined;
}

/** A path needs its holes filled. */
function toHoles(name: OperationName): JsonObject {
  return operations[name].path.includes("{") ? { id: randomUUID(), taskId: randomUUID() } : {};
}

import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { PlainEngine } from "../../support/plain-engine.ts";
import { createFakeGateway, post, readBody, rpc, userMessage } from "./fake-gateway.ts";

const v1 = { "a2a-version": "1.0" };

describe("a value that no store gives back", () => {
  const parts = (part: string): string =>
    `{"message":{"messageId":"m","role":"ROLE_USER","parts":[${part}],"metadata":{"a":[1]}}}`;

  test.each<[string, string]>([
    ['{"text":"\\ud800"}', "message.parts[0].text"],
    ['{"text":"a","filename":"\\udc00x"}', "message.parts[0].filename"],
    ['{"data":{"a":["\\ud83d"]}}', "message.parts[0].data.a[0]"],
    ['{"data":{"\\ud83d":1}}', "message.parts[0].data.\ud83d"],
    ['{"data":{"a":1e999}}', "message.parts[0].data.a"],
    ['{"data":-1e999}', "message.parts[0].data"],
    ['{"text":"a","metadata":{"n":1e400}}', "message.parts[0].metadata.n"],
  ])("is refused: %s", async (part, field) => {
    const { fetch, calls } = createFakeGateway();
    const params = parts(part);
    const body = `{"jsonrpc":"2.0","id":7,"method":"SendMessage","params":${params}}`;
    const headers = { ...v1, "content-type": "application/json" };
    const overRpc = await readBody(await fetch("/agents/echo", { method: "POST", headers, body }));
    expect(overRpc).toMatchObject({ id: 7, error: { code: -32602 } });
    const overHttp = await fetch("/message:send", { method: "POST", headers, body: params });
    expect(overHttp.status).toBe(400);
    for (const details of [overRpc.error.data, (await readBody(overHttp)).error.details]) {
      expect(JSON.stringify(details[1].fieldViolations[0].field)).toBe(JSON.stringify(field));
    }
    expect(calls).toHaveLength(0);
  });

  test("is neither a surrogate pair nor a number that fits", async () => {
    const { fetch } = createFakeGateway();
    const response = await fetch(
      "/message:send",
      post({ message: { ...userMessage, parts: [{ data: { "😀": ["😀", 1e308, -1e308] } }] } }),
    );
    expect(response.status).toBe(200);
  });
});

describe("a compressed body", () => {
  test.each(["gzip", "GZIP", "deflate", "br", "zstd"])("of %s is refused as such", async (encoding) => {
    const { fetch } = createFakeGateway();
    const headers = { ...v1, "content-type": "application/json", "content-encoding": encoding };
    const body = gzipSync(JSON.stringify({ message: userMessage }));
    for (const path of ["/message:send", "/agents/echo", "/v1/message:send"]) {
      const response = await fetch(path, {
        method: "POST",
        headers: path.startsWith("/v1") ? { ...headers, "a2a-version": "0.3" } : headers,
        body,
      });
      expect(response.status).toBe(415);
      expect(response.headers.get("accept-encoding")).toBe("identity");
      expect(JSON.stringify(await response.json())).toContain("Content-Encoding");
    }
  });

  test("is no body of identity", async () => {
    const { fetch } = createFakeGateway();
    const response = await fetch("/message:send", post({ message: userMessage }, { "content-encoding": "identity" }));
    expect(response.status).toBe(200);
  });
});

describe("numbers and times", () => {
  test("int32 may be a string, as ProtoJSON has it", async () => {
    const asked: unknown[] = [];
    const list: PlainEngine["list"] = async (_call, request) => {
      asked.push([request.pageSize, request.historyLength]);
      return { tasks: [], nextPageToken: "", pageSize: 5, totalSize: 0 };
    };
    const { fetch } = createFakeGateway({ list });
    await fetch("/agents/echo", rpc("ListTasks", { pageSize: "5", historyLength: "0" }));
    expect(asked).toEqual([[5, 0]]);
    for (const pageSize of ["0", "101", "5.5", "five", "", "99999999999"]) {
      const refused = await readBody(await fetch("/agents/echo", rpc("ListTasks", { pageSize })));
      expect(refused.error.code).toBe(-32602);
    }
  });

  test.each([
    "statusTimestampAfter=2026-01-31T09:30:00Z",
    "statusTimestampAfter=2026-01-31t09:30:00z",
    "statusTimestampAfter=2026-01-31T11:30:00+02:00",
    "statusTimestampAfter=2026-01-31T11:30:00%2B02:00",
    "lastUpdatedAfter=2026-01-31T09:30:00Z",
  ])("the query %s is a time", async (query) => {
    let since: string | undefined;
    const list: PlainEngine["list"] = async (_call, request) => {
      since = request.statusTimestampAfter;
      return { tasks: [], nextPageToken: "", pageSize: 5, totalSize: 0 };
    };
    const { fetch } = createFakeGateway({ list });
    expect((await fetch(`/tasks?${query}`, { headers: v1 })).status).toBe(200);
    expect(Date.parse(since ?? "")).toBe(Date.parse("2026-01-31T09:30:00Z"));
  });

  test("a padded number of a query is one", async () => {
    const { fetch } = createFakeGateway();
    expect((await fetch("/tasks/t-1?historyLength=%205", { headers: v1 })).status).toBe(200);
    expect((await fetch("/tasks/t-1?historyLength=5%205", { headers: v1 })).status).toBe(400);
  });
});

test("a JSON null is no body where none is needed", async () => {
  const { fetch } = createFakeGateway();
  const subscribed = await fetch("/tasks/t-1:subscribe", post(null));
  expect(subscribed.headers.get("content-type")).toContain("text/event-stream");
  const canceled = await readBody(await fetch("/tasks/t-1:cancel", post(null)));
  expect(canceled.error.details[0].reason).toBe("TASK_NOT_CANCELABLE");
  expect((await fetch("/message:send", post(null))).status).toBe(400);
});

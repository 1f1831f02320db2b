import { describe, expect, test } from "vitest";
import { checkedFetch } from "./checked-fetch.ts";
import type { Answer, Json } from "./json.ts";
import { toSend } from "./messages.ts";
import { describeHosts } from "./target.ts";

const missing = "00000000-0000-4000-8000-000000000000";

describeHosts("JSON-RPC", (host) => {
  const post = async (body: string, version = "1.0"): Promise<Answer> => {
    const headers = { "content-type": "application/json", "a2a-version": version };
    const response = await checkedFetch(`${host.url}/agents/echo`, { method: "POST", headers, body });
    expect(response.headers.get("content-type")).toMatch(/^application\/json\b/);
    return response.json();
  };

  describe.each(["1.0", "0.3"])("of version %s", (version) => {
    test.each(["", "{", '{"jsonrpc":"2.0",}', "{'a':1}", '{"jsonrpc":"2.0","id":1,"method":"GetTask"', "\u0000"])(
      "%j is a parse error [9.5-parse-error]",
      async (body) => {
        expect(await post(body, version)).toMatchObject({ jsonrpc: "2.0", id: null, error: { code: -32700 } });
      },
    );

    test.each<[Json]>([
      [null],
      [[]],
      ["GetTask"],
      [1],
      [true],
      [{}],
      [{ id: 1, method: "GetTask", params: {} }],
      [{ jsonrpc: "1.0", id: 1, method: "GetTask", params: {} }],
      [{ jsonrpc: 2, id: 1, method: "GetTask", params: {} }],
      [{ jsonrpc: "2.0", id: 1, params: {} }],
      [{ jsonrpc: "2.0", id: 1, method: 5, params: {} }],
      [{ jsonrpc: "2.0", id: {}, method: "GetTask", params: {} }],
      [{ jsonrpc: "2.0", id: true, method: "GetTask", params: {} }],
      [[{ jsonrpc: "2.0", id: 1, method: "GetTask", params: { id: missing } }]],
    ])("%j is an invalid request [9.5-invalid-request] [9.3-request]", async (body) => {
      expect(await post(JSON.stringify(body), version)).toMatchObject({ jsonrpc: "2.0", error: { code: -32600 } });
    });

    test.each(["", "Nothing", "getTask", "tasks/list", "__proto__", "constructor"])(
      "the method %j is not found [9.5-method-not-found]",
      async (method) => {
        const answer = await post(JSON.stringify({ jsonrpc: "2.0", id: 9, method, params: {} }), version);
        expect(answer).toMatchObject({ id: 9, error: { code: -32601 } });
      },
    );

    test.each<[Json]>([
      [null],
      [[]],
      ["x"],
      [1],
      [{}],
      [{ id: 5 }],
      [{ id: "" }],
      [{ id: missing, historyLength: -1 }],
    ])("params %j of a task are invalid [9.5-invalid-params]", async (params) => {
      const method = version === "1.0" ? "GetTask" : "tasks/get";
      const answer = await post(JSON.stringify({ jsonrpc: "2.0", id: 9, method, params }), version);
      expect(answer).toMatchObject({ id: 9, error: { code: -32602 } });
    });

    test.each(["a string", "", 0, 7, -1, 123_456_789_012])(
      "the id %j comes back as it was [9.3-request]",
      async (id) => {
        const method = version === "1.0" ? "GetTask" : "tasks/get";
        const refused = await post(JSON.stringify({ jsonrpc: "2.0", id, method, params: { id: missing } }), version);
        expect(refused).toMatchObject({ id, error: { code: -32001 } });
        const unknown = await post(JSON.stringify({ jsonrpc: "2.0", id, method: "x" }), version);
        expect(unknown).toMatchObject({ id, error: { code: -32601 } });
      },
    );
  });

  test("a stream's events carry the request's id [9.3-request]", async () => {
    const headers = { "content-type": "application/json", "a2a-version": "1.0" };
    const body = JSON.stringify({ jsonrpc: "2.0", id: "mine", method: "SendStreamingMessage", params: toSend("hi") });
    const response = await checkedFetch(`${host.url}/agents/echo`, { method: "POST", headers, body });
    const ids = [...(await response.text()).matchAll(/^data: ?(.*)$/gm)].map(([, data = ""]) => JSON.parse(data).id);
    expect(new Set(ids)).toEqual(new Set(["mine"]));
  });

  test("a body of another media type is ContentTypeNotSupported [5.4-content-type-not-supported]", async () => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "SendMessage", params: toSend("hi") });
    const headers = { "content-type": "text/csv", "a2a-version": "1.0" };
    const response = await checkedFetch(`${host.url}/agents/echo`, { method: "POST", headers, body });
    expect(await response.json()).toMatchObject({ error: { code: -32005 } });
  });
});

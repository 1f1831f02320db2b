import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { checkedFetch } from "./checked-fetch.ts";
import type { Answer, JsonObject } from "./json.ts";
import { readRpcAnswer } from "./sse.ts";
import { describeHosts } from "./target.ts";

const missing = "00000000-0000-4000-8000-000000000000";

describeHosts("v0.3 errors [wire-v03]", (host) => {
  const url = (): string => `${host.url}/agents/echo`;
  const rpc = async (method: string, params: JsonObject): Promise<Answer> => {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
    return readRpcAnswer(await checkedFetch(url(), { method: "POST", headers, body }));
  };
  const legacySend = {
    message: { kind: "message", messageId: randomUUID(), role: "user", parts: [{ kind: "text", text: "hi" }] },
  };

  test("have their codes over JSON-RPC", async () => {
    const { result: task } = await rpc("message/send", legacySend);
    const config = { taskId: task.id, pushNotificationConfig: { url: "http://127.0.0.2/hook" } };
    const answers = [
      await rpc("tasks/get", { id: missing }),
      await rpc("tasks/cancel", { id: task.id }),
      await rpc("tasks/pushNotificationConfig/set", config),
      await rpc("tasks/pushNotificationConfig/list", { id: missing }),
      await rpc("tasks/resubscribe", { id: task.id }),
      await rpc("message/send", { message: { ...legacySend.message, taskId: task.id } }),
      await rpc("message/send", { message: { ...legacySend.message, parts: [] } }),
    ];
    expect(answers.map(({ error }) => error?.code)).toEqual([-32001, -32002, -32602, -32001, -32004, -32004, -32602]);
  });

  test("have their codes and statuses over HTTP+JSON", async () => {
    const headers = { "content-type": "application/json" };
    const content = [{ text: "hi" }];
    const body = JSON.stringify({ message: { messageId: randomUUID(), role: "ROLE_USER", content } });
    const sent = await checkedFetch(`${url()}/v1/message:send`, { method: "POST", headers, body });
    const { task } = (await sent.json()) as Answer;
    const call = async (path: string, init?: RequestInit): Promise<[number, number]> => {
      const response = await checkedFetch(`${url()}/v1/${path}`, { headers, ...init });
      return [response.status, ((await response.json()) as Answer).code];
    };
    expect(await call(`tasks/${missing}`)).toEqual([404, -32001]);
    expect(await call(`tasks/${task.id}:cancel`, { method: "POST" })).toEqual([400, -32002]);
    expect(await call(`tasks/${missing}/pushNotificationConfigs`)).toEqual([404, -32001]);
    expect(await call(`tasks/${task.id}:subscribe`, { method: "POST" })).toEqual([400, -32004]);
    expect(await call("message:send", { method: "POST", body: "{" })).toEqual([400, -32700]);
    expect(await call("message:send", { method: "POST", body: "{}" })).toEqual([400, -32602]);
  });
});

import { expect, test } from "vitest";
import { checkedFetch } from "./checked-fetch.ts";
import type { Answer } from "./json.ts";
import { toSend } from "./messages.ts";
import { toHttp } from "./operations.ts";
import { describeHosts } from "./target.ts";

const missing = "00000000-0000-4000-8000-000000000000";

describeHosts("HTTP+JSON", (host) => {
  const post = async (path: string, body: string, type = "application/a2a+json"): Promise<Response> =>
    checkedFetch(`${host.url}/agents/echo/${path}`, {
      method: "POST",
      headers: { "content-type": type, "a2a-version": "1.0" },
      body,
    });

  test.each(["", "{", "null", "[]", '"x"', "1"])(
    "a send of %j is 400 INVALID_ARGUMENT [3.3.2-validation]",
    async (body) => {
      for (const path of ["message:send", "message:stream"]) {
        const response = await post(path, body);
        expect(response.status).toBe(400);
        expect(await response.json()).toMatchObject({ error: { code: 400, status: "INVALID_ARGUMENT" } });
      }
    },
  );

  test("a body of another media type is ContentTypeNotSupported [5.4-content-type-not-supported]", async () => {
    const response = await post("message:send", JSON.stringify(toSend("hi")), "text/csv");
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as Answer;
    expect(error).toMatchObject({ code: 400, status: "INVALID_ARGUMENT" });
    expect(error.details).toContainEqual(expect.objectContaining({ reason: "CONTENT_TYPE_NOT_SUPPORTED" }));
  });

  test.each(["application/json", "application/json; charset=utf-8", "APPLICATION/A2A+JSON"])(
    "takes %s",
    async (type) => {
      expect((await post("message:send", JSON.stringify(toSend("hi")), type)).status).toBe(200);
    },
  );

  test("answers in application/a2a+json, errors too", async () => {
    const answers = [await post("message:send", JSON.stringify(toSend("hi"))), await post("message:send", "{}")];
    for (const { headers } of answers) expect(headers.get("content-type")).toMatch(/^application\/a2a\+json\b/);
  });

  test("a cancel without a body is accepted", async () => {
    const sent = await checkedFetch(`${host.url}/agents/chat/message:send`, {
      method: "POST",
      headers: { "content-type": "application/a2a+json", "a2a-version": "1.0" },
      body: JSON.stringify(toSend("hi")),
    });
    const { task } = (await sent.json()) as Answer;
    const url = `${host.url}/agents/chat/tasks/${task.id}:cancel`;
    const response = await checkedFetch(url, { method: "POST", headers: { "a2a-version": "1.0" } });
    expect(await response.json()).toMatchObject({ id: task.id, status: { state: "TASK_STATE_CANCELED" } });
  });

  test("parameters in snake_case are not the specification's [11.5-query]", async () => {
    const { path } = toHttp("ListTasks", { pageSize: 7 });
    const url = `${host.url}/agents/echo${path}`;
    const headers = { "a2a-version": "1.0" };
    expect(await (await checkedFetch(url, { headers })).json()).toMatchObject({ pageSize: 7 });
    const snake = await checkedFetch(url.replace("pageSize", "page_size"), { headers });
    expect(await snake.json()).toMatchObject({ pageSize: 50 });
  });

  test.each<[string, string]>([
    ["GET", "nothing/at/all"],
    ["POST", "message:dance"],
    ["POST", `tasks/${missing}:dance`],
    ["GET", `tasks/${missing}/pushNotificationConfigs/a/b`],
  ])("%s of the path %s is 404", async (method, path) => {
    const url = `${host.url}/agents/echo/${path}`;
    expect((await checkedFetch(url, { method, headers: { "a2a-version": "1.0" } })).status).toBe(404);
  });
});

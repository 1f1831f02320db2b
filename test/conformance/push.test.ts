import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startWebhookReceiver } from "../support/webhook-receiver.ts";
import type { Notification, WebhookReceiver } from "../support/webhook-receiver.ts";
import { checkedFetch } from "./checked-fetch.ts";
import type { Answer, JsonObject } from "./json.ts";
import { toSend } from "./messages.ts";
import { findFaultsV03 } from "./schema-v0-3.ts";
import { findFaultsV1 } from "./schema-v1.ts";
import { describeBindings, describeHosts } from "./target.ts";

const some = { chunks: 4, everyMs: 20 };
const endless = { chunks: 100_000, everyMs: 50 };
const missing = "00000000-0000-4000-8000-000000000000";

let receiver: WebhookReceiver;
beforeAll(async () => {
  receiver = await startWebhookReceiver();
});
afterAll(() => receiver.close());

function heardAt(path: string): Notification[] {
  return receiver.notifications.filter((notification) => notification.path === path);
}

function hook(): { readonly path: string; readonly url: string } {
  const path = `/${crypto.randomUUID()}`;
  return { path, url: receiver.url + path };
}

async function untilEnd(path: string): Promise<Notification[]> {
  await vi.waitFor(
    () => expect(heardAt(path).at(-1)?.body.statusUpdate?.status.state).toMatch(/COMPLETED|CANCELED/),
    10_000,
  );
  return heardAt(path);
}

describeBindings("push notifications", (connect) => {
  const slow = connect("slow");

  test("tell a webhook that came with the message of every event, in order, with its credentials [4.3.3-attempt] [4.3.3-credentials] [13.2-credentials]", async () => {
    const { path, url } = hook();
    const authentication = { scheme: "Bearer", credentials: "secret" };
    const config = { id: "mine", url, token: "tok", authentication };
    const { task } = await slow.call("SendMessage", toSend(some, {}, { taskPushNotificationConfig: config }));
    const heard = await untilEnd(path);

    expect(heard[0]?.body.task).toMatchObject({ id: task.id });
    expect(heard.map(({ headers }) => headers["a2a-event-id"])).toEqual(heard.map((_, at) => String(at + 1)));
    for (const { body, headers } of heard) {
      expect(findFaultsV1("StreamResponse", body)).toEqual([]);
      expect(headers).toMatchObject({
        "content-type": "application/a2a+json",
        authorization: "Bearer secret",
        "x-a2a-notification-token": "tok",
      });
    }
  });

  test("tell a webhook that comes later of what follows, until it is deleted [3.1.7-persists] [3.1.10-removes] [3.1.10-idempotent]", async () => {
    const { path, url } = hook();
    const { task } = await slow.call("SendMessage", toSend(endless, {}, { returnImmediately: true }));
    const created = await slow.call("CreateTaskPushNotificationConfig", { taskId: task.id, url });
    expect(created).toMatchObject({ taskId: task.id, url, id: expect.stringMatching(/./) });
    await vi.waitFor(() => expect(heardAt(path).length).toBeGreaterThan(2), 5_000);
    await slow.call("DeleteTaskPushNotificationConfig", { taskId: task.id, id: created.id });
    const answered = performance.now();
    await slow.call("DeleteTaskPushNotificationConfig", { taskId: task.id, id: created.id });
    await slow.call("CancelTask", { id: task.id });

    const { generation } = { generation: heardAt(path).length };
    await vi.waitFor(() => expect(performance.now() - answered).toBeGreaterThan(500));
    expect(heardAt(path)).toHaveLength(generation);
    expect(heardAt(path).every(({ at }) => at <= answered)).toBe(true);
    expect(heardAt(path).every(({ body }) => body.task === undefined)).toBe(true);
  });

  test("come again after a failure, none left out [4.3.3-attempt]", async () => {
    const { path, url } = hook();
    let failures = 2;
    receiver.answerWith((response, notification) => {
      const fails = notification.path === path && failures > 0;
      failures -= fails ? 1 : 0;
      response.writeHead(fails ? 503 : 204).end();
    });
    await slow.call("SendMessage", toSend(some, {}, { taskPushNotificationConfig: { url } }));
    const ids = (await untilEnd(path)).map(({ headers }) => Number(headers["a2a-event-id"]));
    receiver.answerWith();

    expect(ids.slice(0, 3)).toEqual([1, 1, 1]);
    expect([...new Set(ids)]).toEqual([...new Set(ids)].map((_, at) => at + 1));
  });

  test("have configs that can be read, listed and replaced, without their credentials [3.1.8-details] [3.1.9-all]", async () => {
    const { task } = await connect("chat").call("SendMessage", toSend("hi"));
    const chat = connect("chat");
    const create = async (config: JsonObject) =>
      chat.call("CreateTaskPushNotificationConfig", { taskId: task.id, ...config });
    const authentication = { scheme: "Basic", credentials: "c2VjcmV0" };
    const one = await create({ id: "one", url: hook().url, token: "t", authentication });
    const two = await create({ url: hook().url });
    expect(await chat.call("GetTaskPushNotificationConfig", { taskId: task.id, id: "one" })).toEqual(one);
    expect(one).toMatchObject({ id: "one", token: "t", authentication: { scheme: "Basic" } });
    expect(JSON.stringify(one)).not.toContain("c2VjcmV0");

    const { configs } = await chat.call("ListTaskPushNotificationConfigs", { taskId: task.id });
    expect(configs).toHaveLength(2);
    expect(configs).toEqual(expect.arrayContaining([one, two]));
    const first = await chat.call("ListTaskPushNotificationConfigs", { taskId: task.id, pageSize: 1 });
    const pageToken = first.nextPageToken;
    const second = await chat.call("ListTaskPushNotificationConfigs", { taskId: task.id, pageSize: 1, pageToken });
    expect([...first.configs, ...second.configs]).toEqual(configs);

    const moved = await create({ id: "one", url: hook().url });
    expect(moved.url).not.toBe(one.url);
    expect((await chat.call("ListTaskPushNotificationConfigs", { taskId: task.id })).configs).toHaveLength(2);
  });

  test("know nothing of a task or a config that is missing or another agent's [3.1.8-missing]", async () => {
    const { task } = await slow.call("SendMessage", toSend(some));
    const { url } = hook();
    const echo = connect("echo");
    for (const call of [
      async () => slow.call("CreateTaskPushNotificationConfig", { taskId: missing, url }),
      async () => slow.call("GetTaskPushNotificationConfig", { taskId: task.id, id: "none" }),
      async () => slow.call("ListTaskPushNotificationConfigs", { taskId: missing }),
      async () => slow.call("DeleteTaskPushNotificationConfig", { taskId: missing, id: "one" }),
      async () => echo.call("CreateTaskPushNotificationConfig", { taskId: task.id, url }),
      async () => echo.call("ListTaskPushNotificationConfigs", { taskId: task.id }),
    ]) {
      await expect(call()).rejects.toMatchObject(slow.refusal("TASK_NOT_FOUND"));
    }
  });

  test.each([
    { url: "http://example.com/" },
    { url: "https://10.0.0.1/" },
    { url: "https://[::1]/" },
    { url: "https://localhost/" },
    { url: "nonsense" },
    { url: "https://example.com/", token: "a\r\nx-injected: 1" },
    { url: "https://example.com/", authentication: { scheme: "Bearer\n", credentials: "x" } },
  ])("refuse the config %j", async (config) => {
    const { task } = await connect("chat").call("SendMessage", toSend("hi"));
    await expect(
      connect("chat").call("CreateTaskPushNotificationConfig", { taskId: task.id, ...config }),
    ).rejects.toMatchObject(slow.refusal("INVALID_PARAMS"));
    await expect(
      slow.call("SendMessage", toSend(some, {}, { taskPushNotificationConfig: config })),
    ).rejects.toMatchObject(slow.refusal("INVALID_PARAMS"));
  });
});

describeHosts("push notifications of A2A 0.3", (host) => {
  test("have its bodies: the whole task after each event [wire-v03]", async () => {
    const { path, url } = hook();
    const message = { kind: "message", messageId: "m", role: "user", parts: [{ kind: "data", data: some }] };
    const configuration = { pushNotificationConfig: { url, token: "tok" } };
    const body = { jsonrpc: "2.0", id: 1, method: "message/send", params: { message, configuration } };
    const sent = await checkedFetch(`${host.url}/agents/slow`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const { result: task } = (await sent.json()) as Answer;
    await vi.waitFor(() => expect(heardAt(path).at(-1)?.body.status.state).toBe("completed"), 10_000);

    for (const notification of heardAt(path)) {
      expect(findFaultsV03("Task", notification.body)).toEqual([]);
      expect(notification.body.id).toBe(task.id);
      expect(notification.headers["x-a2a-notification-token"]).toBe("tok");
    }
    expect(heardAt(path).at(-1)?.body).toEqual(task);
  });
});

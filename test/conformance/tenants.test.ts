import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { checkedFetch } from "./checked-fetch.ts";
import type { Answer, JsonObject } from "./json.ts";
import { toSend } from "./messages.ts";
import { describeBindings, describeHosts } from "./target.ts";
import { WireError } from "./wire-error.ts";

describeBindings("a tenant", (connect) => {
  const chat = connect("chat");

  test("is a scope of its own: elsewhere its tasks do not exist [wire-foreign-is-missing] [13.1-scoped] [13.1-get] [13.1-task-operations] [3.3.2-not-revealed]", async () => {
    const mine = randomUUID();
    const { task } = await chat.call("SendMessage", { ...toSend("hi"), tenant: mine });
    expect(await chat.call("GetTask", { id: task.id, tenant: mine })).toMatchObject({ id: task.id });
    const foreign: JsonObject[] = [{}, { tenant: randomUUID() }];
    for (const tenant of foreign) {
      const refused = chat.refusal("TASK_NOT_FOUND");
      await expect(chat.call("GetTask", { id: task.id, ...tenant })).rejects.toMatchObject(refused);
      await expect(chat.call("CancelTask", { id: task.id, ...tenant })).rejects.toMatchObject(refused);
      await expect(chat.open("SubscribeToTask", { id: task.id, ...tenant })).rejects.toMatchObject(refused);
      const followUp = { ...toSend("Ada", { taskId: task.id }), ...tenant };
      await expect(chat.call("SendMessage", followUp)).rejects.toMatchObject(refused);
      await expect(chat.open("SendStreamingMessage", followUp)).rejects.toMatchObject(refused);
    }
    expect(await chat.call("GetTask", { id: task.id, tenant: mine })).toEqual(task);
  });

  test("answers alike for what is foreign and what is missing [wire-foreign-is-missing]", async () => {
    const { task } = await chat.call("SendMessage", { ...toSend("hi"), tenant: randomUUID() });
    const read = async (id: string): Promise<string> =>
      chat.call("GetTask", { id }).then(
        () => "found",
        ({ code, message, details }: Answer) =>
          JSON.stringify({ code, message, details })
            .replaceAll(id, "ID")
            .replaceAll(/\d{4}-[\d-]+T[\d:.]+Z/g, "T"),
      );
    expect(await read(task.id)).toBe(await read(randomUUID()));
  });

  test("lists its own tasks only, filtered or not [3.1.4-visible-only] [13.1-scoped]", async () => {
    const [one, other, contextId] = [randomUUID(), randomUUID(), randomUUID()];
    const { task } = await chat.call("SendMessage", { ...toSend("hi", { contextId }), tenant: one });
    await chat.call("SendMessage", { ...toSend("hi", { contextId }), tenant: other });
    for (const filter of [{}, { contextId }, { status: "TASK_STATE_INPUT_REQUIRED" }]) {
      const { tasks, totalSize } = await chat.call("ListTasks", { ...filter, tenant: one });
      expect([totalSize, tasks.map(({ id }: Answer) => id)]).toEqual([1, [task.id]]);
    }
  });

  test("is no other's context: the same contextId begins anew there [wire-foreign-is-missing]", async () => {
    const contextId = randomUUID();
    await chat.call("SendMessage", { ...toSend("hi", { contextId }), tenant: randomUUID() });
    const { task } = await chat.call("SendMessage", { ...toSend("hi", { contextId }), tenant: randomUUID() });
    expect(task.contextId).toBe(contextId);
  });

  test.each(["tasks", "v1", "v03", "extendedAgentCard", ".well-known", "message:send"])(
    "cannot be called %s [wire-tenants]",
    async (tenant) => {
      const call = chat.call("SendMessage", { ...toSend("hi"), tenant });
      // In parameters it is invalid; over HTTP such a path is another route, or none.
      await expect(call).rejects.toBeInstanceOf(WireError);
    },
  );
});

describeHosts("a tenant in both path and parameters", (host) => {
  const headers = { "content-type": "application/a2a+json", "a2a-version": "1.0" };
  const post = async (path: string, body: JsonObject): Promise<Response> =>
    checkedFetch(`${host.url}/agents/chat/${path}`, { method: "POST", headers, body: JSON.stringify(body) });

  test("is accepted when they agree [wire-tenants]", async () => {
    const response = await post("acme/message:send", { ...toSend("hi"), tenant: "acme" });
    expect(response.status).toBe(200);
  });

  test("is refused when they differ, and nothing is made [wire-tenants]", async () => {
    const [one, other] = [randomUUID(), randomUUID()];
    expect((await post(`${one}/message:send`, { ...toSend("hi"), tenant: other })).status).toBe(400);
    for (const tenant of [one, other]) {
      const list = await checkedFetch(`${host.url}/agents/chat/${tenant}/tasks`, { headers });
      expect(await list.json()).toMatchObject({ totalSize: 0 });
    }
  });

  describe("in a query", () => {
    test("agrees with the path or is refused [wire-tenants]", async () => {
      const list = async (path: string): Promise<number> =>
        (await checkedFetch(`${host.url}/agents/chat/${path}`, { headers })).status;
      expect(await list("acme/tasks?tenant=acme")).toBe(200);
      expect(await list("acme/tasks?tenant=other")).toBe(400);
    });
  });
});

import { randomUUID } from "node:crypto";
import { Role, SendMessageRequest, TaskState } from "@a2a-js/sdk";
import type { Part, StreamResponse, Task } from "@a2a-js/sdk";
import {
  ClientFactory,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
  RestTransportFactory,
} from "@a2a-js/sdk/client";
import type { Client } from "@a2a-js/sdk/client";
import { describe, expect, test } from "vitest";
import { checkedFetch } from "./checked-fetch.ts";
import type { JsonObject } from "./json.ts";
import { toSend } from "./messages.ts";
import { bindings } from "./peer.ts";
import { describeHosts } from "./target.ts";

const endless = { chunks: 100_000, everyMs: 50 };
const fetchImpl = checkedFetch;
const missing = { tenant: "", id: randomUUID() };

/** `@a2a-js/sdk` 1.x, as an application uses it: from the agent's URL, by way of its card. */
describeHosts("the v1.0 client of @a2a-js/sdk", (host) => {
  describe.each(bindings)("over %s [5.1-same-operations] [5.1-same-results] [4-equivalent]", (binding) => {
    const connect = async (agent: string): Promise<Client> => {
      const transports = [new JsonRpcTransportFactory({ fetchImpl }), new RestTransportFactory({ fetchImpl })];
      const cardResolver = new DefaultAgentCardResolver({ fetchImpl });
      const factory = new ClientFactory({ transports, cardResolver, preferredTransports: [binding] });
      const client = await factory.createFromUrl(`${host.url}/agents/${agent}/`);
      expect([client.transport.protocolName, client.protocolVersion]).toEqual([binding, "1.0"]);
      return client;
    };

    test("sends a message and gets the ended task", async () => {
      const client = await connect("echo");
      const task = mustBeTask(await client.sendMessage(toRequest("hello")));
      expect(task.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
      expect(task.artifacts[0]?.parts[0]?.content).toEqual({ $case: "text", value: "hello" });
    });

    test("gets a Message from an agent that answers with one", async () => {
      const client = await connect("message");
      const answer = await client.sendMessage(toRequest("hello"));
      expect(answer).toMatchObject({ role: Role.ROLE_AGENT, parts: [{ content: { $case: "text", value: "hello" } }] });
    });

    test("carries bytes and data both ways", async () => {
      const client = await connect("echo");
      const parts: Part[] = [
        {
          content: { $case: "raw", value: Buffer.from([0, 1, 255]) },
          metadata: undefined,
          filename: "a.bin",
          mediaType: "x/y",
        },
        { content: { $case: "data", value: { a: [1, null] } }, metadata: { k: "v" }, filename: "", mediaType: "" },
      ];
      const request = toRequest("");
      if (request.message) request.message.parts = parts;
      const task = mustBeTask(await client.sendMessage(request));
      expect(task.artifacts[0]?.parts).toEqual(parts);
    });

    test("streams a task to its end", async () => {
      const client = await connect("slow");
      const events = await collect(client.sendMessageStream(toRequest({ chunks: 5, everyMs: 10 })));
      expect(events[0]?.payload?.$case).toBe("task");
      expect(lastState(events)).toBe(TaskState.TASK_STATE_COMPLETED);
      const chunks = events.flatMap(({ payload }) => (payload?.$case === "artifactUpdate" ? [payload.value] : []));
      expect(chunks.length).toBeGreaterThan(0);
      expect(chunks[0]?.append).toBe(false);
    });

    test("streams a large artifact within its own limits", async () => {
      const client = await connect("large");
      const events = await collect(client.sendMessageStream(toRequest({ parts: 3, bytes: 2_000_000 })));
      const texts = events.flatMap(({ payload }) =>
        payload?.$case === "artifactUpdate" ? (payload.value.artifact?.parts ?? []) : [],
      );
      const length = texts.reduce(
        (sum, part) => sum + (part.content?.$case === "text" ? part.content.value.length : 0),
        0,
      );
      expect(length).toBe(6_000_000);
    });

    test("gets, lists, subscribes to and cancels a task", async () => {
      const client = await connect("slow");
      const tenant = randomUUID();
      const stream = client.sendMessageStream({ ...toRequest(endless), tenant });
      const first = (await stream.next()).value;
      const { id } = mustBeTask(first?.payload?.value);

      expect(await client.getTask({ tenant, id })).toMatchObject({ id });
      const list = await client.listTasks({
        tenant,
        contextId: "",
        status: TaskState.TASK_STATE_WORKING,
        pageToken: "",
        statusTimestampAfter: undefined,
      });
      expect([list.totalSize, list.tasks.map((task) => task.id)]).toEqual([1, [id]]);
      const subscription = collect(client.resubscribeTask({ tenant, id }));
      const canceled = await client.cancelTask({ tenant, id, metadata: undefined });
      expect(canceled.status?.state).toBe(TaskState.TASK_STATE_CANCELED);
      expect(lastState(await subscription)).toBe(TaskState.TASK_STATE_CANCELED);
      expect(lastState(await collect(stream))).toBe(TaskState.TASK_STATE_CANCELED);
    });

    test("converses with a task that asks", async () => {
      const client = await connect("chat");
      const asked = mustBeTask(await client.sendMessage(toRequest("hi")));
      expect(asked.status?.state).toBe(TaskState.TASK_STATE_INPUT_REQUIRED);
      const answer = toRequest("Ada", { taskId: asked.id, contextId: asked.contextId });
      const ended = mustBeTask(await client.sendMessage(answer));
      expect([ended.id, ended.status?.state]).toEqual([asked.id, TaskState.TASK_STATE_COMPLETED]);
    });

    test("keeps push notification configs", async () => {
      const client = await connect("chat");
      const { id: taskId } = mustBeTask(await client.sendMessage(toRequest("hi")));
      const config = { tenant: "", id: "one", taskId };
      const authentication = { scheme: "Bearer", credentials: "secret" };
      const hook = { ...config, url: "https://client.example/hook", token: "t", authentication };
      const created = await client.createTaskPushNotificationConfig(hook);
      expect(created).toMatchObject({
        id: "one",
        taskId,
        url: hook.url,
        token: "t",
        authentication: { scheme: "Bearer" },
      });
      expect(await client.getTaskPushNotificationConfig(config)).toEqual(created);
      const list = { tenant: "", taskId, pageSize: 0, pageToken: "" };
      expect((await client.listTaskPushNotificationConfig(list)).configs).toEqual([created]);
      await client.deleteTaskPushNotificationConfig(config);
      expect((await client.listTaskPushNotificationConfig(list)).configs).toEqual([]);
    });

    test("knows each refusal by its name", async () => {
      const client = await connect("echo");
      const ended = mustBeTask(await client.sendMessage(toRequest("hi")));
      const config = { tenant: "", id: "one", taskId: ended.id };
      const { transport } = client;
      // The client adds the version; its transports do not.
      const options = { serviceParameters: { "A2A-Version": "1.0" } };
      const refusals: [string, () => Promise<unknown>][] = [
        ["TaskNotFoundError", async () => client.getTask(missing)],
        ["TaskNotFoundError", async () => collect(client.resubscribeTask(missing))],
        ["TaskNotCancelableError", async () => client.cancelTask({ tenant: "", id: ended.id, metadata: undefined })],
        ["UnsupportedOperationError", async () => client.sendMessage(toRequest("more", { taskId: ended.id }))],
        ["UnsupportedOperationError", async () => transport.getExtendedAgentCard({ tenant: "" }, options)],
        ["TaskNotFoundError", async () => transport.getTaskPushNotificationConfig(config, options)],
      ];
      for (const [name, call] of refusals) await expect(call()).rejects.toMatchObject({ name });
    });
  });
});

function toRequest(content: string | JsonObject, message: JsonObject = {}): SendMessageRequest {
  return SendMessageRequest.fromJSON(toSend(content, message));
}

function mustBeTask(answer: unknown): Task {
  expect(answer).toHaveProperty("artifacts");
  return answer as Task;
}

async function collect(stream: AsyncGenerator<StreamResponse, void, undefined>): Promise<StreamResponse[]> {
  const events: StreamResponse[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

function lastState(events: readonly StreamResponse[]): TaskState | undefined {
  const payload = events.at(-1)?.payload;
  return payload?.$case === "statusUpdate" || payload?.$case === "task" ? payload.value.status?.state : undefined;
}

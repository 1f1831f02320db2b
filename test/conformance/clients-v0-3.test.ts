import { randomUUID } from "node:crypto";
import type { Message, MessageSendParams, Task } from "a2a-js-sdk-0.3";
import {
  ClientFactory,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
  RestTransportFactory,
  TaskNotCancelableError,
  TaskNotFoundError,
  UnsupportedOperationError,
} from "a2a-js-sdk-0.3/client";
import type { Client } from "a2a-js-sdk-0.3/client";
import { describe, expect, test } from "vitest";
import { checkedFetch } from "./checked-fetch.ts";
import type { JsonObject } from "./json.ts";
import { bindings } from "./peer.ts";
import { findFaultsV03 } from "./schema-v0-3.ts";
import { describeHosts } from "./target.ts";

const endless = { chunks: 100_000, everyMs: 50 };
const fetchImpl = checkedFetch;

type StreamEvent = ReturnType<Client["sendMessageStream"]> extends AsyncGenerator<infer Event> ? Event : never;

/** `@a2a-js/sdk` 0.3, which knows nothing of v1.0: no version header, the v0.3 card, the v0.3 methods. */
describeHosts("the v0.3 client of @a2a-js/sdk [wire-v03]", (host) => {
  describe.each(bindings)("over %s", (binding) => {
    const connect = async (agent: string): Promise<Client> => {
      const transports = [new JsonRpcTransportFactory({ fetchImpl }), new RestTransportFactory({ fetchImpl })];
      const cardResolver = new DefaultAgentCardResolver({ fetchImpl });
      const factory = new ClientFactory({ transports, cardResolver, preferredTransports: [binding] });
      const client = await factory.createFromUrl(`${host.url}/agents/${agent}/`);
      expect(client.transport.constructor.name).toContain(binding === "JSONRPC" ? "JsonRpcTransport" : "RestTransport");
      return client;
    };

    test("sends a message and gets the ended task", async () => {
      const client = await connect("echo");
      const task = mustBeTask(await client.sendMessage(toParams("hello")));
      expect(task).toMatchObject({
        status: { state: "completed" },
        artifacts: [{ parts: [{ kind: "text", text: "hello" }] }],
      });
      expect(await client.getTask({ id: task.id })).toEqual(task);
    });

    test("gets a Message from an agent that answers with one", async () => {
      const client = await connect("message");
      const answer = await client.sendMessage(toParams("hello"));
      expect(findFaultsV03("Message", answer)).toEqual([]);
      expect(answer).toMatchObject({ role: "agent", parts: [{ kind: "text", text: "hello" }] });
    });

    test("carries files and data both ways", async () => {
      const client = await connect("echo");
      const parts: Message["parts"] = [
        { kind: "file", file: { bytes: "AAH/", mimeType: "x/y" } },
        { kind: "file", file: { uri: "https://files.example/a", mimeType: "x/y" } },
        { kind: "data", data: { a: [1, null] } },
      ];
      const task = mustBeTask(await client.sendMessage(toParams("", { parts })));
      expect(task.artifacts?.[0]?.parts).toMatchObject(parts);
    });

    test("returns at once when it does not block", async () => {
      const client = await connect("slow");
      const params = { ...toParams(endless), configuration: { blocking: false } };
      const task = mustBeTask(await client.sendMessage(params));
      expect(["submitted", "working"]).toContain(task.status.state);
      expect((await client.cancelTask({ id: task.id })).status.state).toBe("canceled");
    });

    test("streams a task to its end, marked final", async () => {
      const client = await connect("slow");
      const events = await collect(client.sendMessageStream(toParams({ chunks: 5, everyMs: 10 })));
      expect(events[0]?.kind).toBe("task");
      expect(events.slice(1).map(({ kind }) => kind)).toContain("artifact-update");
      expect(events.at(-1)).toMatchObject({ kind: "status-update", status: { state: "completed" }, final: true });
      expect(events.filter((event) => event.kind === "status-update" && event.final)).toHaveLength(1);
    });

    test("resubscribes to a running task, and sees it canceled", async () => {
      const client = await connect("slow");
      const stream = client.sendMessageStream(toParams(endless));
      const { value: first } = await stream.next();
      const { id } = mustBeTask(first);
      const subscription = collect(client.resubscribeTask({ id }));
      expect((await client.cancelTask({ id })).status.state).toBe("canceled");
      expect((await subscription).at(-1)).toMatchObject({ status: { state: "canceled" }, final: true });
      expect((await collect(stream)).at(-1)).toMatchObject({ status: { state: "canceled" }, final: true });
    });

    test("streams a task until it asks, which is final too", async () => {
      const client = await connect("chat");
      const events = await collect(client.sendMessageStream(toParams("hi")));
      expect(events.at(-1)).toMatchObject({ kind: "status-update", status: { state: "input-required" }, final: true });
    });

    test("converses with a task that asks", async () => {
      const client = await connect("chat");
      const asked = mustBeTask(await client.sendMessage(toParams("hi")));
      expect(asked.status.state).toBe("input-required");
      const ended = mustBeTask(await client.sendMessage(toParams("Ada", { taskId: asked.id })));
      expect(ended).toMatchObject({ id: asked.id, status: { state: "completed" } });
      expect((await client.getTask({ id: asked.id, historyLength: 1 })).history).toHaveLength(1);
    });

    test("keeps push notification configs", async () => {
      const { transport } = await connect("chat");
      const { id } = mustBeTask(await transport.sendMessage(toParams("hi")));
      const authentication = { schemes: ["Bearer"], credentials: "secret" };
      const pushNotificationConfig = { id: "one", url: "https://client.example/hook", token: "t", authentication };
      const set = await transport.setTaskPushNotificationConfig({ taskId: id, pushNotificationConfig });
      const config = { id, pushNotificationConfigId: "one" };
      expect(set).toMatchObject({ taskId: id, pushNotificationConfig: { id: "one", url: pushNotificationConfig.url } });
      expect(await transport.getTaskPushNotificationConfig(config)).toEqual(set);
      expect(await transport.listTaskPushNotificationConfig({ id })).toEqual([set]);
      await transport.deleteTaskPushNotificationConfig(config);
      expect(await transport.listTaskPushNotificationConfig({ id })).toEqual([]);
    });

    test("knows each refusal by its class", async () => {
      const client = await connect("echo");
      const { id } = mustBeTask(await client.sendMessage(toParams("hi")));
      const config = { id, pushNotificationConfigId: "one" };
      const { transport } = client;
      const refusals: [new () => Error, () => Promise<unknown>][] = [
        [TaskNotFoundError, async () => client.getTask({ id: randomUUID() })],
        // Over JSON-RPC this client takes no refusal in place of a stream for what it is; it only sees that it is none.
        [
          binding === "JSONRPC" ? Error : TaskNotFoundError,
          async () => collect(client.resubscribeTask({ id: randomUUID() })),
        ],
        [TaskNotCancelableError, async () => client.cancelTask({ id })],
        [UnsupportedOperationError, async () => client.sendMessage(toParams("more", { taskId: id }))],
        [TaskNotFoundError, async () => transport.getTaskPushNotificationConfig(config)],
      ];
      for (const [type, call] of refusals) await expect(call()).rejects.toBeInstanceOf(type);
    });
  });
});

function toParams(content: string | JsonObject, message: Partial<Message> = {}): MessageSendParams {
  const part: Message["parts"][number] =
    typeof content === "string" ? { kind: "text", text: content } : { kind: "data", data: content };
  return { message: { kind: "message", messageId: randomUUID(), role: "user", parts: [part], ...message } };
}

/** The client has turned HTTP+JSON's own form into v0.3's, so that the schema holds for both bindings here. */
function mustBeTask(answer: unknown): Task {
  expect(findFaultsV03("Task", JSON.parse(JSON.stringify(answer)))).toEqual([]);
  return answer as Task;
}

async function collect(stream: AsyncGenerator<StreamEvent, void, undefined>): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

import {
  ClientFactory,
  ClientFactoryOptions,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
  RestTransportFactory,
} from "@a2a-js/sdk/client";
import { Message, Role, TaskState } from "@a2a-js/sdk";
import {
  ClientFactory as LegacyFactory,
  DefaultAgentCardResolver as LegacyResolver,
  JsonRpcTransportFactory as LegacyJsonRpc,
  RestTransportFactory as LegacyRest,
} from "a2a-js-sdk-0.3/client";
import { describe, expect, test } from "vitest";
import { BASE, createFakeGateway, userMessage } from "./fake-gateway.ts";

const message = Message.fromJSON(userMessage);

/** The gateway by a `fetch` that names itself, as those of Node.js and of browsers do. */
function createFetch(): typeof fetch {
  const gateway = createFakeGateway();
  return (input, init) => {
    const request = new Request(input, init);
    request.headers.set("sec-fetch-mode", "cors");
    return gateway.fetch(request);
  };
}

describe.each(["JSONRPC", "HTTP+JSON"])("the official 1.0 client over %s", (binding) => {
  async function connect() {
    const fetch = createFetch();
    const factory = new ClientFactory(
      ClientFactoryOptions.createFrom(ClientFactoryOptions.default, {
        transports: [new JsonRpcTransportFactory({ fetchImpl: fetch }), new RestTransportFactory({ fetchImpl: fetch })],
        cardResolver: new DefaultAgentCardResolver({ fetchImpl: fetch }),
        preferredTransports: [binding],
      }),
    );
    return factory.createFromUrl(`${BASE}/agents/echo/`);
  }

  test("sends, gets and lists", async () => {
    const client = await connect();
    expect(client.protocolVersion ?? "1.0").toBe("1.0");
    const sent = await client.sendMessage({ tenant: "", message, configuration: undefined, metadata: undefined });
    expect(sent).toMatchObject({ id: "t-1", artifacts: [{ parts: [{ content: { value: "hello" } }] }] });
    expect(await client.getTask({ tenant: "", id: "t-1" })).toMatchObject({ id: "t-1" });
    const listed = await client.listTasks({
      tenant: "acme",
      contextId: "",
      status: TaskState.TASK_STATE_COMPLETED,
      pageToken: "",
      pageSize: 5,
      statusTimestampAfter: undefined,
    });
    expect(listed).toMatchObject({ totalSize: 1, tasks: [{ id: "t-1" }] });
  });

  test("streams and subscribes", async () => {
    const client = await connect();
    const cases = [];
    for await (const event of client.sendMessageStream({
      tenant: "",
      message,
      configuration: undefined,
      metadata: undefined,
    })) {
      cases.push(event.payload?.$case);
    }
    expect(cases).toEqual(["task", "artifactUpdate", "statusUpdate"]);
    for await (const event of client.resubscribeTask({ tenant: "", id: "t-1" })) {
      cases.push(event.payload?.$case);
    }
    expect(cases.slice(3)).toEqual(["task", "statusUpdate"]);
  });

  test("gets errors as their own classes", async () => {
    const client = await connect();
    await expect(client.getTask({ tenant: "", id: "nope" })).rejects.toMatchObject({ name: "TaskNotFoundError" });
    await expect(client.cancelTask({ tenant: "", id: "t-1", metadata: undefined })).rejects.toMatchObject({
      name: "TaskNotCancelableError",
    });
    await expect(client.resubscribeTask({ tenant: "", id: "nope" }).next()).rejects.toMatchObject({
      name: "TaskNotFoundError",
    });
    const bad = { ...message, role: Role.ROLE_UNSPECIFIED };
    await expect(
      client.sendMessage({ tenant: "", message: bad, configuration: undefined, metadata: undefined }),
    ).rejects.toThrow(/message\.role/);
  });
});

describe.each(["JSONRPC", "HTTP+JSON"])("the official 0.3 client over %s", (binding) => {
  const legacy = {
    kind: "message" as const,
    messageId: "m-1",
    role: "user" as const,
    parts: [{ kind: "text" as const, text: "hello" }],
  };

  async function connect() {
    const fetch = createFetch();
    const factory = new LegacyFactory({
      transports: [new LegacyJsonRpc({ fetchImpl: fetch }), new LegacyRest({ fetchImpl: fetch })],
      cardResolver: new LegacyResolver({ fetchImpl: fetch }),
      preferredTransports: [binding],
    });
    return factory.createFromUrl(`${BASE}/agents/echo/`);
  }

  test("sends and gets", async () => {
    const client = await connect();
    const sent = await client.sendMessage({ message: legacy });
    expect(sent).toMatchObject({ kind: "task", id: "t-1", artifacts: [{ parts: [{ kind: "text", text: "hello" }] }] });
    expect(await client.getTask({ id: "t-1", historyLength: 2 })).toMatchObject({
      id: "t-1",
      status: { state: "completed" },
    });
    await expect(client.getTask({ id: "nope" })).rejects.toThrow(/nope|not found/i);
    await expect(client.cancelTask({ id: "t-1" })).rejects.toThrow(/cannot be canceled/);
  });

  test("streams, and sees which event is final", async () => {
    const client = await connect();
    const events = [];
    for await (const event of client.sendMessageStream({ message: legacy })) {
      events.push(event);
    }
    for await (const event of client.resubscribeTask({ id: "t-1" })) {
      events.push(event);
    }
    expect(events).toMatchObject([
      { kind: "task" },
      { kind: "artifact-update", artifact: { parts: [{ kind: "text", text: "hello" }] } },
      { kind: "status-update", final: true, status: { state: "completed" } },
      { kind: "task" },
      { kind: "status-update", final: true, status: { state: "input-required" } },
    ]);
  });
});

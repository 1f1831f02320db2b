import { StreamResponse } from "@a2a-js/sdk";
import type { Message, TaskPushNotificationConfig } from "@a2a-js/sdk";
import { describe, expect, test } from "vitest";
import { TaskError } from "../../../src/tasks/task-fault.ts";
import type { PlainEngine } from "../../support/plain-engine.ts";
import { artifactUpdate, createFakeGateway, readBody, STREAMS } from "./fake-gateway.ts";

const proto = { messageId: "m", role: "ROLE_USER", content: [{ text: "hello" }] };

/** What the engine gets of a send, and the answer. */
async function send(body: unknown, headers: Record<string, string> = {}) {
  let message: Message | undefined;
  let config: TaskPushNotificationConfig | undefined;
  const engine: Partial<PlainEngine> = {
    send: async (_call, request) => {
      message = request.message;
      config = request.configuration?.taskPushNotificationConfig;
      return { ...toTask(), artifacts: [toArtifact(request.message)] };
    },
  };
  const { fetch } = createFakeGateway(engine);
  const response = await post(fetch, "/v1/message:send", body, headers);
  return { response, message, config, body: await readBody(response) };
}

async function post(
  fetch: ReturnType<typeof createFakeGateway>["fetch"],
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

describe("a message of v0.3 over HTTP+JSON", () => {
  test.each<[string, object]>([
    ["message and content", { message: proto }],
    ["request, in snake_case", { request: { message_id: "m", role: "ROLE_USER", content: [{ text: "hello" }] } }],
    ["parts", { message: { messageId: "m", role: "ROLE_USER", parts: [{ text: "hello" }] } }],
    ["both content and parts", { message: { ...proto, parts: [{ kind: "text", text: "hello" }] } }],
    ["an empty content beside parts", { message: { ...proto, content: [], parts: [{ kind: "text", text: "hello" }] } }],
    [
      "the form of the JSON schema",
      { message: { kind: "message", messageId: "m", role: "user", parts: [{ kind: "text", text: "hello" }] } },
    ],
    ["content with kinds", { message: { ...proto, content: [{ kind: "text", text: "hello" }] } }],
    ["a role as a number", { message: { ...proto, role: 1 } }],
  ])("is taken with %s", async (_name, body) => {
    const { response, message } = await send(body);
    expect(response.status).toBe(200);
    expect(message).toMatchObject({
      messageId: "m",
      role: 1,
      parts: [{ content: { $case: "text", value: "hello" } }],
    });
  });

  test("is taken with files and data in both forms", async () => {
    const { message } = await send({
      message: {
        ...proto,
        content: [
          { kind: "file", file: { bytes: "AAH/", mimeType: "x/y", name: "a" } },
          { kind: "file", file: { uri: "https://files.example/a" } },
          { file: { file_with_uri: "https://files.example/b", mime_type: "x/y" } },
          { kind: "data", data: { data: 1 } },
          { data: { data: [1] } },
        ],
      },
    });
    expect(message?.parts).toMatchObject([
      { content: { $case: "raw", value: Buffer.from([0, 1, 255]) }, mediaType: "x/y", filename: "a" },
      { content: { $case: "url", value: "https://files.example/a" } },
      { content: { $case: "url", value: "https://files.example/b" }, mediaType: "x/y" },
      { content: { $case: "data", value: { data: 1 } } },
      { content: { $case: "data", value: [1] } },
    ]);
  });

  test.each([0, "0"])("has no limit of history where it is %j", async (historyLength) => {
    const { response } = await send({
      message: proto,
      configuration: { history_length: historyLength, blocking: true },
    });
    expect(response.status).toBe(200);
  });
});

describe("the bytes of a file of v0.3 over HTTP+JSON", () => {
  const once = "AAH/";
  const twice = btoa(once);
  const javascript = { "sec-fetch-mode": "cors" };
  const toBody = (fileWithBytes: string) => ({ message: { ...proto, content: [{ file: { fileWithBytes } }] } });
  const bytesOf = (body: { task: { artifacts: [{ parts: [{ file: { fileWithBytes: string } }] }] } }): string =>
    body.task.artifacts[0].parts[0].file.fileWithBytes;

  test("are base64 twice, both ways", async () => {
    const { message, body } = await send(toBody(twice));
    expect(message?.parts[0]?.content).toMatchObject({ value: Buffer.from([0, 1, 255]) });
    expect(bytesOf(body)).toBe(twice);
  });

  test("are base64 once for JavaScript, both ways", async () => {
    const { message, body } = await send(toBody(once), javascript);
    expect(message?.parts[0]?.content).toMatchObject({ value: Buffer.from([0, 1, 255]) });
    expect(bytesOf(body)).toBe(once);
    const text = await send(toBody(twice), javascript);
    expect(text.message?.parts[0]?.content).toMatchObject({ value: Buffer.from(once) });
  });

  test("may be base64 once from others", async () => {
    const { message } = await send(toBody(once));
    expect(message?.parts[0]?.content).toMatchObject({ value: Buffer.from([0, 1, 255]) });
    const csv = "time,value\n1,2\n";
    const text = await send(toBody(btoa(csv)));
    expect(text.message?.parts[0]?.content).toMatchObject({ value: Buffer.from(csv) });
    const empty = await send(toBody(""));
    expect(empty.message?.parts[0]?.content).toMatchObject({ value: Buffer.alloc(0) });
  });

  test("fit into an event of a stream however they are encoded", async () => {
    const maxEvent = 65_536;
    // As the log keeps it: an event that fits goes out as it is.
    const stream: PlainEngine["stream"] = async function* (_call, request) {
      const logged = artifactUpdate(1, request.message?.parts ?? []);
      yield { ...logged, json: JSON.stringify(StreamResponse.toJSON(logged.response)) };
    };
    const { fetch } = createFakeGateway({ stream }, { streams: { ...STREAMS, maxEvent } });
    const file = Buffer.alloc(45_000, "a").toString("base64");
    const response = await post(fetch, "/v1/message:stream", toBody(btoa(file)));
    const blocks = (await response.text()).split("\n\n");
    expect(Math.max(...blocks.map((block) => block.length))).toBeLessThan(maxEvent);
    expect(blocks.join("")).toContain("artifactUpdate");
  });

  test("that are not base64 are refused by name", async () => {
    const { response, body } = await send(toBody("&&"));
    expect([response.status, body.code]).toEqual([400, -32602]);
    expect(body.message).toContain("message.parts[0].raw");
  });
});

describe("a push notification config of v0.3 over HTTP+JSON", () => {
  const url = "https://client.example/hook";
  const camel = { id: "one", url, token: "t", authentication: { schemes: ["Bearer"], credentials: "c" } };
  const name = "tasks/t-1/pushNotificationConfigs/one";

  async function create(body: unknown): Promise<{ readonly status: number; readonly seen: unknown }> {
    let seen: unknown;
    const refuse = async (): Promise<never> => Promise.reject(new TaskError({ code: "push-unsupported" }));
    const note = async (_call: unknown, config: TaskPushNotificationConfig) => {
      seen = config;
      return config;
    };
    const { fetch } = createFakeGateway(
      {},
      { pushConfigs: { create: note, get: refuse, list: refuse, delete: refuse } },
    );
    const response = await post(fetch, "/v1/tasks/t-1/pushNotificationConfigs", body);
    return { status: response.status, seen };
  }

  test.each<[string, unknown]>([
    [
      "{parent, configId, config}",
      { parent: "tasks/t-1", configId: "one", config: { name, pushNotificationConfig: camel } },
    ],
    [
      "the same in snake_case",
      { parent: "tasks/t-1", config_id: "one", config: { name, push_notification_config: camel } },
    ],
    ["{config}", { config: { name, pushNotificationConfig: camel } }],
    ["{config}, bare inside", { config: camel }],
    ["{name, pushNotificationConfig}", { name, pushNotificationConfig: camel }],
    ["{taskId, pushNotificationConfig}", { taskId: "t-1", pushNotificationConfig: camel }],
    ["bare", camel],
    ["with its id outside", { configId: "one", config: { pushNotificationConfig: { ...camel, id: "" } } }],
    ["with its id in the name", { config: { name, pushNotificationConfig: { ...camel, id: undefined } } }],
  ])("is taken as %s", async (_name, body) => {
    const { status, seen } = await create(body);
    expect(status).toBe(200);
    expect(seen).toMatchObject({
      taskId: "t-1",
      id: "one",
      url,
      token: "t",
      authentication: { scheme: "Bearer", credentials: "c" },
    });
  });

  test.each([{}, { schemes: [] }, { schemes: [], credentials: "" }])("has no authentication in %j", async (none) => {
    const { status, seen } = await create({ config: { pushNotificationConfig: { url, authentication: none } } });
    expect(status).toBe(200);
    expect(seen).toMatchObject({ url, authentication: undefined });
  });

  test.each<[unknown]>([
    [{}],
    [null],
    [{ config: {} }],
    [{ config: { pushNotificationConfig: { url, authentication: { credentials: "c" } } } }],
  ])("is refused as %j", async (body) => {
    expect((await create(body)).status).toBe(400);
  });

  test("comes with the message too", async () => {
    for (const member of ["pushNotification", "push_notification", "pushNotificationConfig"]) {
      const { config } = await send({ message: proto, configuration: { blocking: true, [member]: camel } });
      expect(config).toMatchObject({ url, authentication: { scheme: "Bearer" } });
    }
  });
});

describe("v0.3 over HTTP+JSON", () => {
  test("takes its query in snake_case too", async () => {
    const asked: (number | undefined)[] = [];
    const get: PlainEngine["get"] = async (_call, request) => {
      asked.push(request.historyLength);
      return toTask();
    };
    const { fetch } = createFakeGateway({ get });
    await fetch("/v1/tasks/t-1?history_length=1");
    await fetch("/v1/tasks/t-1?historyLength=%202");
    expect(asked).toEqual([1, 2]);
  });

  test("tells an error in every form that a client looks for", async () => {
    const { fetch } = createFakeGateway();
    const response = await fetch("/v1/tasks/nope");
    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toBe("application/json");
    const body = await readBody(response);
    const details = [expect.objectContaining({ reason: "TASK_NOT_FOUND" })];
    expect(body).toEqual({
      code: -32001,
      message: expect.stringContaining("nope"),
      type: "TaskNotFoundError",
      data: details,
      error: { code: 404, status: "NOT_FOUND", message: body.message, details },
    });
  });
});

function toTask() {
  const status = { state: 3, message: undefined, timestamp: undefined };
  return { id: "t-1", contextId: "c-1", status, artifacts: [], history: [], metadata: undefined };
}

function toArtifact(message: Message | undefined) {
  return {
    artifactId: "a",
    name: "",
    description: "",
    metadata: undefined,
    extensions: [],
    parts: message?.parts ?? [],
  };
}

import type { Answer, Json, JsonObject } from "../json.ts";
import { findFaultsV03Rest } from "../schema-v0-3-rest.ts";
import { toState } from "./current-form.ts";
import { must, reasons } from "./dialect.ts";
import type { Config, Content, Dialect, Event, Sent, Task } from "./dialect.ts";
import { parse, readData } from "./wire.ts";
import type { WireAnswer, WireRequest } from "./wire.ts";

/** What distinguishes the SDKs over the HTTP+JSON of A2A 0.3. All but JavaScript's encode a file's bytes twice. */
interface LegacyHttpClient {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly snake?: boolean;
  readonly cancelBody?: (id: string) => string | undefined;
  readonly subscribe: (id: string) => Pick<WireRequest, "method" | "body">;
  readonly statuses: readonly number[];
  readonly lists?: boolean;
  readonly encodesOnce?: boolean;
  /** What the client knows an error by. */
  readonly error: (body: Answer, answer: WireAnswer) => string;
}

const json = { "Content-Type": "application/json" };
const any2xx = [200, 201, 204];
const named = (id: string): string => JSON.stringify({ name: `tasks/${id}` });

export const legacyHttpDialects: readonly Dialect[] = [
  {
    name: "a2a-go 2 for 0.3",
    headers: { "a2a-version": "0.3", Accept: "application/json" },
    subscribe: () => ({ method: "GET" as const }),
    statuses: [200, 204],
    lists: true,
    error: ({ error }: Answer, answer: WireAnswer) => {
      must(answer.type.startsWith("application/json"), "an error of another type", answer);
      return error.details.find(({ domain }: Answer) => domain === "a2a-protocol.org")?.reason ?? "INTERNAL_ERROR";
    },
  },
  {
    name: "a2a-python 0.3",
    headers: { Accept: "*/*", "Accept-Encoding": "gzip, deflate" },
    cancelBody: named,
    subscribe: () => ({ method: "GET" as const }),
    statuses: any2xx,
    // It reads the status alone.
    error: (_body: Answer, { status }: WireAnswer) => (status === 404 ? "TASK_NOT_FOUND" : "INVALID_PARAMS"),
  },
  {
    name: "a2a-python 1 for 0.3",
    headers: { Accept: "*/*", "a2a-version": "0.3" },
    snake: true,
    subscribe: () => ({ method: "POST" as const }),
    statuses: any2xx,
    error: ({ type }: Answer) => toReason(type),
  },
  {
    name: "a2a-java 0.3",
    headers: json,
    cancelBody: named,
    subscribe: (id: string) => ({ method: "POST" as const, body: named(id) }),
    statuses: any2xx,
    lists: true,
    error: ({ error, message }: Answer, answer: WireAnswer) => {
      must(error !== undefined && typeof message === "string", "an error that it fails at", answer);
      // It knows class names of its own only, and shows the message.
      return answer.status === 404 ? "TASK_NOT_FOUND" : "INVALID_PARAMS";
    },
  },
  {
    name: "a2a-js 0.3",
    headers: { ...json, Accept: "application/json", "sec-fetch-mode": "cors" },
    subscribe: () => ({ method: "POST" as const }),
    statuses: any2xx,
    lists: true,
    encodesOnce: true,
    error: ({ code }: Answer) => reasons[code] ?? String(code),
  },
].map(toDialect);

function toDialect(client: LegacyHttpClient): Dialect {
  const { name, headers, snake = false, cancelBody, statuses, encodesOnce = false, lists = false } = client;
  const call = (method: WireRequest["method"], path: string, body?: string, more = {}): WireRequest => {
    return { method, path: `/v1${path}`, headers: { ...headers, ...(body !== undefined && json), ...more }, body };
  };
  const write = (body: JsonObject): string => JSON.stringify(snake ? toSnakeCase(body) : body);
  const resultOf = (answer: WireAnswer): Answer => {
    must(statuses.includes(answer.status), "a status that is not read", answer);
    return answer.text === "" ? {} : parse(answer.text);
  };
  const toTask = (value: Answer): Task => {
    refuse("Task", value);
    const { id, contextId, status, artifacts = [], history = [] } = value;
    const contents = artifacts.flatMap(({ parts }: Answer) => parts.map((part: Answer) => fromPart(part, encodesOnce)));
    return { id, contextId, state: toState(status), contents, history: history.length };
  };
  const configs = (id: string, configId = ""): string => `/tasks/${id}/pushNotificationConfigs${configId}`;
  const events = { Accept: "text/event-stream" };
  const toMessage = (sent: Sent): JsonObject => {
    const { message, ...rest } = toSendRequest(sent, encodesOnce) as { message: Json };
    // The member's name in a2a.proto.
    return snake ? { request: message, ...rest } : { message, ...rest };
  };
  return {
    name,
    send: (message) => call("POST", "/message:send", write(toMessage(message))),
    stream: (message) => call("POST", "/message:stream", write(toMessage(message)), events),
    get: (id, length) => call("GET", `/tasks/${id}${length === undefined ? "" : `?historyLength=${length}`}`),
    cancel: (id) => call("POST", `/tasks/${id}:cancel`, cancelBody?.(id)),
    subscribe: (id) => {
      const { method, body } = client.subscribe(id);
      return call(method, `/tasks/${id}:subscribe`, body, events);
    },
    createConfig: (id, config) => call("POST", configs(id), write(toConfigRequest(id, config, name))),
    getConfig: (id, configId) => call("GET", configs(id, `/${configId}`)),
    ...(lists && {
      listConfigs: (id: string) => call("GET", configs(id)),
      deleteConfig: (id: string, configId: string) => call("DELETE", configs(id, `/${configId}`)),
    }),
    readSent: (answer) => {
      const value = resultOf(answer);
      refuse("SendMessageResponse", value);
      return toTask(value.task);
    },
    readTask: (answer) => toTask(resultOf(answer)),
    readEvents: (answer) => readData(answer).map(toEvent),
    readConfig: (answer) => fromConfig(resultOf(answer)),
    readConfigs: (answer) => resultOf(answer).configs.map(fromConfig),
    readDeleted: (answer) => void resultOf(answer),
    readError: (answer) => {
      must(!statuses.includes(answer.status), "no error", answer);
      return client.error(parse(answer.text), answer);
    },
  };
}

/** a2a.proto's SendMessageRequest. */
function toSendRequest({ id, contextId, parts, push }: Sent, encodesOnce: boolean): JsonObject {
  return {
    message: {
      messageId: id,
      role: "ROLE_USER",
      content: parts.map((part) => toPart(part, encodesOnce)),
      ...(contextId !== undefined && { contextId }),
    },
    configuration: { blocking: true, ...(push && { pushNotification: toConfig(push) }) },
  };
}

function toPart(part: Content, encodesOnce: boolean): Json {
  if ("text" in part) return { text: part.text };
  if ("data" in part) return { data: { data: part.data } };
  return { file: { fileWithBytes: encodesOnce ? part.bytes : btoa(part.bytes), mimeType: "x/y" } };
}

function fromPart({ text, file, data }: Answer, encodesOnce: boolean): Content {
  if (text !== undefined) return { text };
  if (data !== undefined) return { data: data.data };
  return { bytes: encodesOnce ? file.fileWithBytes : atob(file.fileWithBytes) };
}

function toConfig({ id, url, token, scheme }: Config): JsonObject {
  const authentication = scheme === undefined ? undefined : scheme === "" ? {} : { schemes: [scheme] };
  return { id, url, ...(token !== undefined && { token }), ...(authentication && { authentication }) };
}

function toConfigRequest(taskId: string, config: Config, client: string): JsonObject {
  const name = `tasks/${taskId}/pushNotificationConfigs/${config.id}`;
  const resource = { name, pushNotificationConfig: toConfig(config) };
  return client.startsWith("a2a-js") ? resource : { parent: `tasks/${taskId}`, configId: config.id, config: resource };
}

function fromConfig(value: Answer): Config {
  const { id, url, token, authentication } = value.pushNotificationConfig;
  const [scheme] = authentication?.schemes ?? [];
  return { id, url, ...(token && { token }), ...(scheme && { scheme }) };
}

function toEvent(value: Answer): Event {
  refuse("StreamResponse", value);
  const [kind, event] = Object.entries<Answer>(value)[0] ?? [];
  return { kind: kind as Event["kind"], ...(event?.status && { state: toState(event.status) }) };
}

function toReason(type: string): string {
  return type
    .replace(/Error$/, "")
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_")
    .toUpperCase();
}

function refuse(definition: Parameters<typeof findFaultsV03Rest>[0], value: unknown): void {
  const faults = findFaultsV03Rest(definition, value);
  if (faults.length > 0) throw new Error(`${definition}: ${faults.join("; ")} ${JSON.stringify(value).slice(0, 500)}`);
}

/** As one client writes its fields; the caller's own data keeps its keys. */
function toSnakeCase(value: Json): Json {
  if (Array.isArray(value)) return value.map(toSnakeCase);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [
      key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      key === "data" ? field : toSnakeCase(field),
    ]),
  );
}

import type { Answer, JsonObject } from "../json.ts";
import { fromConfig, refuse, toConfig, toEvent, toSendParams, toTask } from "./current-form.ts";
import { must, reasons } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";
import { parse, readData } from "./wire.ts";
import type { WireAnswer, WireRequest } from "./wire.ts";

/** What distinguishes the SDKs over the JSON-RPC of A2A 1.0. */
interface RpcClient {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly streamHeaders: Readonly<Record<string, string>>;
  /** Fields without a value are written too. */
  readonly full?: boolean;
  readonly id: string | number;
}

const json = { "Content-Type": "application/json", "A2A-Version": "1.0" };
const events = { Accept: "text/event-stream" };

export const rpcDialects: readonly Dialect[] = [
  { name: "a2a-go 2", headers: json, streamHeaders: events, id: "7d1a" },
  {
    name: "a2a-python 1",
    headers: { ...json, Accept: "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": "python-httpx/0.28.1" },
    streamHeaders: { ...events, "Cache-Control": "no-store" },
    id: "7d1a",
  },
  // Offers HTTP/2 on each connection in the clear.
  {
    name: "a2a-java 1",
    headers: { ...json, Connection: "Upgrade, HTTP2-Settings", Upgrade: "h2c", "HTTP2-Settings": "AAEAAEAAAAIAAAAB" },
    streamHeaders: events,
    full: true,
    id: "7d1a",
  },
  { name: "a2a-dotnet 1", headers: json, streamHeaders: events, id: "7d1a" },
  { name: "a2a-rs", headers: { ...json, Accept: "*/*" }, streamHeaders: events, id: "7d1a" },
].map(toRpcDialect);

function toRpcDialect({ name, headers, streamHeaders, full = false, id }: RpcClient): Dialect {
  const call = (method: string, params: JsonObject, more = {}): WireRequest => ({
    method: "POST",
    path: "",
    headers: { ...headers, ...more },
    body: JSON.stringify({ jsonrpc: "2.0", id, method, params: full ? { tenant: "", ...params } : params }),
  });
  const resultOf = (answer: WireAnswer): Answer => {
    must(answer.status === 200, "only 200 is read", answer);
    const { result, error, id: echoed } = parse(answer.text);
    must(error === undefined && echoed === id && result !== null, "no result", answer);
    return result;
  };
  return {
    name,
    send: (message) => call("SendMessage", toSendParams(message, full)),
    stream: (message) => call("SendStreamingMessage", toSendParams(message, full), streamHeaders),
    get: (taskId, historyLength) => call("GetTask", { id: taskId, ...(historyLength && { historyLength }) }),
    list: (contextId) =>
      call("ListTasks", { contextId, ...(full && { status: "TASK_STATE_UNSPECIFIED", pageToken: "" }) }),
    cancel: (taskId) => call("CancelTask", { id: taskId }),
    subscribe: (taskId) => call("SubscribeToTask", { id: taskId }, streamHeaders),
    createConfig: (taskId, config) => call("CreateTaskPushNotificationConfig", { ...toConfig(config, full), taskId }),
    getConfig: (taskId, configId) => call("GetTaskPushNotificationConfig", { taskId, id: configId }),
    listConfigs: (taskId) =>
      call("ListTaskPushNotificationConfigs", { taskId, ...(full && { pageSize: 0, pageToken: "" }) }),
    deleteConfig: (taskId, configId) => call("DeleteTaskPushNotificationConfig", { taskId, id: configId }),
    readSent: (answer) => toTask(resultOf(answer).task),
    readTask: (answer) => toTask(resultOf(answer)),
    readList: (answer) => readTasks(resultOf(answer)),
    readEvents: (answer) => readData(answer).map(({ result }) => toEvent(result)),
    readConfig: (answer) => fromConfig(resultOf(answer)),
    readConfigs: (answer) => readConfigs(resultOf(answer)),
    readDeleted: (answer) => void resultOf(answer),
    readError: (answer) => {
      must(answer.status === 200, "only 200 is read", answer);
      const { error } = parse(answer.text);
      return reasons[error.code] ?? String(error.code);
    },
  };
}

/** What distinguishes the SDKs over the HTTP+JSON of A2A 1.0. */
interface HttpClient {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Content-Type of a request with a body. */
  readonly type: string;
  /** What a request without content has for a body. */
  readonly nothing?: string;
  readonly cancelBody?: (id: string) => string | undefined;
  readonly subscribe?: "GET" | "POST";
  readonly since?: string;
  /** The media types of errors that are read; others are an error of the server. */
  readonly readsErrorsOf?: RegExp;
  /** The reason is read from the first detail only. */
  readonly firstDetail?: boolean;
}

const version = { "A2A-Version": "1.0" };

export const httpDialects: readonly Dialect[] = [
  {
    name: "a2a-go 2.3",
    headers: { ...version, Accept: "application/json", "Content-Type": "application/json" },
    type: "application/json",
    // On GET and DELETE too.
    nothing: "null",
    since: "lastUpdatedAfter=2020-01-01T00%3A00%3A00Z",
    readsErrorsOf: /^application\/json/,
  },
  {
    name: "a2a-go without bodies for nothing",
    headers: { ...version, Accept: "application/json" },
    type: "application/json",
    since: "lastUpdatedAfter=2020-01-01T02%3A00%3A00%2B02%3A00",
    readsErrorsOf: /^application\/json/,
  },
  {
    name: "a2a-python 1",
    headers: { ...version, Accept: "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": "python-httpx/0.28.1" },
    type: "application/json",
    cancelBody: (id: string) => JSON.stringify({ id }),
    since: "statusTimestampAfter=2020-01-01T00:00:00Z",
  },
  {
    name: "a2a-java 1",
    headers: version,
    type: "application/json",
    cancelBody: (id: string) => JSON.stringify({ id }, null, 2),
    firstDetail: true,
  },
  {
    name: "a2a-dotnet 1",
    headers: version,
    type: "application/json; charset=utf-8",
    since: "statusTimestampAfter=2020-01-01T00%3A00%3A00.0000000Z",
    readsErrorsOf: /^application\/json(?:;|$)/,
  },
  {
    name: "a2a-rs",
    headers: { ...version, Accept: "*/*" },
    type: "application/json",
    cancelBody: (id: string) => JSON.stringify({ id }),
    subscribe: "GET" as const,
    since: "statusTimestampAfter=2020-01-01T00%3A00%3A00%2B00%3A00",
  },
].map(toHttpDialect);

function toHttpDialect(client: HttpClient): Dialect {
  const { name, headers, type, nothing, cancelBody = () => nothing, subscribe = "POST", since } = client;
  const call = (method: WireRequest["method"], path: string, body = nothing, more = {}): WireRequest => {
    const typed = body === undefined ? {} : { "Content-Type": type };
    return { method, path, headers: { ...headers, ...typed, ...more }, body };
  };
  const resultOf = (answer: WireAnswer): Answer => {
    must(answer.status === 200, "only 200 is read", answer);
    return parse(answer.text);
  };
  const configs = (id: string, configId = ""): string => `/tasks/${id}/pushNotificationConfigs${configId}`;
  return {
    name,
    send: (message) => call("POST", "/message:send", JSON.stringify(toSendParams(message))),
    stream: (message) => call("POST", "/message:stream", JSON.stringify(toSendParams(message)), events),
    get: (id, length) => call("GET", `/tasks/${id}${length === undefined ? "" : `?historyLength=${length}`}`),
    list: (contextId) => call("GET", `/tasks?contextId=${contextId}${since === undefined ? "" : `&${since}`}`),
    cancel: (id) => call("POST", `/tasks/${id}:cancel`, cancelBody(id)),
    subscribe: (id) => call(subscribe, `/tasks/${id}:subscribe`, nothing, events),
    createConfig: (id, config) => call("POST", configs(id), JSON.stringify(toConfig(config))),
    getConfig: (id, configId) => call("GET", configs(id, `/${configId}`)),
    listConfigs: (id) => call("GET", configs(id)),
    deleteConfig: (id, configId) => call("DELETE", configs(id, `/${configId}`)),
    readSent: (answer) => toTask(resultOf(answer).task),
    readTask: (answer) => toTask(resultOf(answer)),
    readList: (answer) => readTasks(resultOf(answer)),
    readEvents: (answer) => readData(answer).map(toEvent),
    readConfig: (answer) => fromConfig(resultOf(answer)),
    readConfigs: (answer) => readConfigs(resultOf(answer)),
    readDeleted: (answer) => must(answer.status === 200, "only 200 is read", answer),
    readError: (answer) => {
      must(client.readsErrorsOf?.test(answer.type) ?? true, "an error of another type", answer);
      const { details = [] } = parse(answer.text).error;
      const known = client.firstDetail ? details.slice(0, 1) : details;
      const info = known.find(({ domain }: Answer) => domain === "a2a-protocol.org");
      return info?.reason ?? "unknown";
    },
  };
}

function readTasks(result: Answer): ReturnType<typeof toTask>[] {
  refuse("ListTasksResponse", result);
  return result.tasks.map(toTask);
}

function readConfigs(result: Answer): ReturnType<typeof fromConfig>[] {
  refuse("ListTaskPushNotificationConfigsResponse", result);
  return (result.configs ?? []).map(fromConfig);
}

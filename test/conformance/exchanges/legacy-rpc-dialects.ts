import type { Answer, Json, JsonObject } from "../json.ts";
import { findFaultsV03 } from "../schema-v0-3.ts";
import { must, reasons } from "./dialect.ts";
import type { Config, Content, Dialect, Event, Sent, Task } from "./dialect.ts";
import { parse, readData } from "./wire.ts";
import type { WireAnswer, WireRequest } from "./wire.ts";

/** What distinguishes the SDKs over the JSON-RPC of A2A 0.3. */
interface LegacyRpcClient {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The media type of a stream must be this to the letter. */
  readonly streamType?: string;
  /** Members without a value are null. */
  readonly nulls?: boolean;
}

const json = { "Content-Type": "application/json" };

export const legacyRpcDialects: readonly Dialect[] = [
  { name: "a2a-go 0.3", headers: json },
  { name: "a2a-go 2 for 0.3", headers: { ...json, "a2a-version": "0.3", "x-a2a-extensions": "urn:none" } },
  { name: "a2a-python 0.3", headers: { ...json, Accept: "*/*", "Accept-Encoding": "gzip, deflate" } },
  {
    name: "a2a-python 1 for 0.3",
    headers: {
      ...json,
      Accept: "*/*",
      "a2a-version": "0.3",
      "A2A-Extensions": "urn:none",
      "X-A2A-Extensions": "urn:none",
    },
  },
  { name: "a2a-java 0.3", headers: json, nulls: true },
  { name: "a2a-dotnet 0.3", headers: json, streamType: "text/event-stream" },
].map(toDialect);

function toDialect({ name, headers, streamType, nulls = false }: LegacyRpcClient): Dialect {
  const call = (method: string, params: JsonObject, more = {}): WireRequest => ({
    method: "POST",
    path: "",
    headers: { ...headers, ...more },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: "7d1a",
      method,
      params: nulls ? { ...params, metadata: null } : params,
    }),
  });
  const events = streamType === undefined ? { Accept: "text/event-stream" } : {};
  const resultOf = (answer: WireAnswer): Answer => {
    must(answer.status === 200, "only 200 is read", answer);
    const { result, error } = parse(answer.text);
    must(error === undefined, "no result", answer);
    return result;
  };
  return {
    name,
    send: (message) => call("message/send", toParams(message)),
    stream: (message) => call("message/stream", toParams(message), events),
    get: (id, historyLength) => call("tasks/get", { id, ...(historyLength !== undefined && { historyLength }) }),
    cancel: (id) => call("tasks/cancel", { id }),
    subscribe: (id) => call("tasks/resubscribe", { id }, events),
    createConfig: (taskId, config) =>
      call("tasks/pushNotificationConfig/set", { taskId, pushNotificationConfig: toConfig(config) }),
    getConfig: (id, pushNotificationConfigId) =>
      call("tasks/pushNotificationConfig/get", { id, pushNotificationConfigId }),
    listConfigs: (id) => call("tasks/pushNotificationConfig/list", { id }),
    readSent: (answer) => toTask(resultOf(answer)),
    readTask: (answer) => toTask(resultOf(answer)),
    readEvents: (answer) => {
      must(streamType === undefined || answer.type === streamType, "a stream of another type", answer);
      return readData(answer).map(({ result }) => toEvent(result));
    },
    readConfig: (answer) => fromConfig(resultOf(answer)),
    readConfigs: (answer) => resultOf(answer).map(fromConfig),
    readError: (answer) => {
      must(answer.status === 200, "only 200 is read", answer);
      const { code } = parse(answer.text).error;
      return reasons[code] ?? String(code);
    },
  };
}

/** The form of v0.3's JSON schema. */
function toParams({ id, contextId, parts, push }: Sent): JsonObject {
  return {
    message: {
      kind: "message",
      messageId: id,
      role: "user",
      parts: parts.map(toPart),
      ...(contextId !== undefined && { contextId }),
    },
    configuration: { blocking: true, ...(push && { pushNotificationConfig: toConfig(push) }) },
  };
}

function toPart(part: Content): Json {
  if ("bytes" in part) return { kind: "file", file: { bytes: part.bytes } };
  return "text" in part ? { kind: "text", text: part.text } : { kind: "data", data: part.data };
}

function toConfig({ id, url, token, scheme }: Config): JsonObject {
  const authentication = scheme === undefined ? undefined : { schemes: scheme === "" ? [] : [scheme] };
  return { id, url, ...(token !== undefined && { token }), ...(authentication && { authentication }) };
}

function toTask(value: Answer): Task {
  refuse("Task", value);
  const { id, contextId, status, artifacts = [], history = [] } = value;
  const contents = artifacts.flatMap(({ parts }: Answer) => parts.map(fromPart));
  return { id, contextId, state: toState(status.state), contents, history: history.length };
}

const kinds: Readonly<Record<string, Event["kind"]>> = {
  task: "task",
  message: "message",
  "status-update": "statusUpdate",
  "artifact-update": "artifactUpdate",
};

function toEvent(value: Answer): Event {
  const kind = kinds[value.kind];
  if (kind === undefined) throw new Error(`an event of the kind ${value.kind}`);
  return { kind, ...(value.status && { state: toState(value.status.state) }) };
}

function fromConfig(value: Answer): Config {
  refuse("TaskPushNotificationConfig", value);
  const { id, url, token, authentication } = value.pushNotificationConfig;
  const [scheme] = authentication?.schemes ?? [];
  return { id, url, ...(token && { token }), ...(scheme && { scheme }) };
}

function fromPart({ kind, text, file, data }: Answer): Content {
  return kind === "text" ? { text } : kind === "file" ? { bytes: file.bytes } : { data };
}

function toState(state: string): string {
  return state.toUpperCase().replace("-", "_");
}

function refuse(definition: string, value: unknown): void {
  const faults = findFaultsV03(definition, value);
  if (faults.length > 0) throw new Error(`${definition}: ${faults.join("; ")}`);
}

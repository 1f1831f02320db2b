import type { Answer, Json, JsonObject } from "../json.ts";
import { findFaultsV1 } from "../schema-v1.ts";
import type { Config, Content, Event, Sent, Task } from "./dialect.ts";

/** The messages of A2A 1.0 in ProtoJSON. `full` writes fields without a value too, as one printer of Java does. */
export function toSendParams({ id, contextId, parts, push }: Sent, full = false): JsonObject {
  return {
    ...(full && { tenant: "" }),
    message: {
      messageId: id,
      role: "ROLE_USER",
      parts: parts.map((part) => toPart(part, full)),
      ...(contextId !== undefined && { contextId }),
      ...(full && { contextId: contextId ?? "", taskId: "", extensions: [], referenceTaskIds: [] }),
    },
    configuration: {
      ...(full && { acceptedOutputModes: [], returnImmediately: false }),
      ...(push && { taskPushNotificationConfig: toConfig(push, full) }),
    },
  };
}

export function toConfig({ id, url, token, scheme }: Config, full = false): JsonObject {
  const none = full ? { tenant: "", taskId: "", token: "" } : {};
  const authentication = scheme ? { scheme, credentials: "secret" } : undefined;
  return { ...none, id, url, ...(token !== undefined && { token }), ...(authentication && { authentication }) };
}

export function toTask(value: Answer): Task {
  refuse("Task", value);
  const { id, contextId, status, artifacts = [], history = [] } = value;
  const contents = artifacts.flatMap(({ parts }: Answer) => parts.map(fromPart));
  return { id, contextId, state: toState(status), contents, history: history.length };
}

export function toEvent(value: Answer): Event {
  refuse("StreamResponse", value);
  const [kind, event] = Object.entries<Answer>(value)[0] ?? [];
  return { kind: kind as Event["kind"], ...(event?.status && { state: toState(event.status) }) };
}

export function fromConfig(value: Answer): Config {
  refuse("TaskPushNotificationConfig", value);
  const { id, url, token, authentication } = value;
  return { id, url, ...(token && { token }), ...(authentication && { scheme: authentication.scheme }) };
}

/** Java and Python parse strictly: a member that a2a.proto does not have is an error to them. */
export function refuse(definition: string, value: unknown): void {
  const faults = findFaultsV1(definition, value);
  if (faults.length > 0) throw new Error(`${definition}: ${faults.join("; ")} ${JSON.stringify(value).slice(0, 500)}`);
}

export function toState({ state }: { state: string }): string {
  return state.replace(/^TASK_STATE_/, "").replace("CANCELLED", "CANCELED");
}

function toPart(part: Content, full: boolean): Json {
  const none = full ? { filename: "", mediaType: "" } : {};
  return "bytes" in part ? { raw: part.bytes, ...none } : { ...part, ...none };
}

function fromPart({ text, raw, data }: Answer): Content {
  return text !== undefined ? { text } : raw !== undefined ? { bytes: raw } : { data };
}

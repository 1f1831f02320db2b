import { AgentCard } from "@a2a-js/sdk";
import { readJson } from "../request/body.ts";
import type { Edge } from "../edge.ts";
import { admitCaller } from "../admission/admit-caller.ts";
import { fromQuery, withIds } from "./http-json.ts";
import type { HttpIds, HttpOperation } from "./http-json.ts";
import { queryOf } from "../../ports/http-exchange.ts";
import type { HttpAnswer, HttpRequest } from "../../ports/http-exchange.ts";
import { operations } from "./operations.ts";
import type { Operations } from "./operations.ts";
import { invoke } from "./invoke.ts";
import type { Binding, Target } from "./invoke.ts";
import { toLegacyCard } from "../cards/legacy-agent-card.ts";
import { toSnake } from "../request/field-checks.ts";
import { toLegacyError } from "./legacy-rest-error.ts";
import { toFileEncoding } from "./legacy-rest-files.ts";
import type { FileEncoding } from "./legacy-rest-files.ts";
import { fromLegacyRequest, toLegacyEvent, toLegacyTask } from "./legacy-rest-json.ts";
import { fromLegacyPushConfig, toLegacyPushConfig, toLegacyPushConfigs } from "./legacy-rest-push.ts";
import { requireVersion } from "../request/protocol-version.ts";
import { toErrorHeaders } from "./wire-error.ts";
import type { WireError } from "./wire-error.ts";

export interface LegacyOperation extends HttpOperation {
  /** Converts a 1.0 result to 0.3 form. */
  readonly toBody: (result: unknown, files: FileEncoding) => unknown;
}

const onTask = "/v1/tasks/:task";
const configs = `${onTask}/pushNotificationConfigs`;
const task = { toBody: toLegacyTask };
const config = { toBody: toLegacyPushConfig };
const other = { toBody: (result: unknown) => result ?? {} };

/** The paths of A2A 0.3 over HTTP+JSON, each with the 1.0 method that it runs. */
export const legacyOperations: readonly LegacyOperation[] = [
  // There is no such method: A2A 0.3 cannot list tasks, and the client gets an error in 0.3 form.
  { http: "GET", path: "/v1/tasks", method: "tasks/list", ...other },
  { http: "POST", path: "/v1/message:send", method: "SendMessage", toBody: toLegacyEvent },
  { http: "POST", path: "/v1/message:stream", method: "SendStreamingMessage", ...other },
  { http: "POST", path: `${onTask}:cancel`, method: "CancelTask", ...task },
  { http: "POST", path: `${onTask}:subscribe`, method: "SubscribeToTask", ...other },
  { http: "GET", path: `${onTask}:subscribe`, method: "SubscribeToTask", ...other },
  { http: "GET", path: onTask, method: "GetTask", fields: { historyLength: "integer" }, ...task },
  { http: "POST", path: configs, method: "CreateTaskPushNotificationConfig", ...config },
  {
    http: "GET",
    path: configs,
    method: "ListTaskPushNotificationConfigs",
    fields: { pageSize: "integer", pageToken: "string" },
    toBody: toLegacyPushConfigs,
  },
  { http: "GET", path: `${configs}/:config`, method: "GetTaskPushNotificationConfig", ...config },
  { http: "DELETE", path: `${configs}/:config`, method: "DeleteTaskPushNotificationConfig", ...other },
  { http: "GET", path: "/v1/card", method: "GetExtendedAgentCard", toBody: toLegacyCardBody },
];

/** Answers a request of A2A 0.3 over HTTP+JSON. Never rejects. */
export async function answerLegacyRest(
  edge: Edge,
  target: Target,
  request: HttpRequest,
  operation: LegacyOperation,
  ids: HttpIds,
): Promise<HttpAnswer> {
  try {
    const identity = await admitCaller(edge, request, target.agent.id);
    requireVersion(request.header("a2a-version") ?? queryOf(request, "A2A-Version"), "0.3");
    const params = await readParams(edge, request, operation, ids);
    const lastEventId = (): string | undefined => queryOf(request, "lastEventId");
    const invocation = {
      version: "1.0" as const,
      method: operation.method,
      params,
      lastEventId,
      spoken: "0.3" as const,
    };
    return await invoke(edge, target, identity, request, invocation, toBinding(operation, toFileEncoding(request)));
  } catch (error) {
    return toErrorAnswer(edge.toWireError(error));
  }
}

async function readParams(
  edge: Edge,
  request: HttpRequest,
  operation: LegacyOperation,
  ids: HttpIds,
): Promise<unknown> {
  if (operation.http !== "POST") {
    return withIds(fromQuery(operation, request, toSnake), operation, ids);
  }
  const body = await readJson(request, edge.limits);
  if (ids.taskId === undefined) {
    return fromLegacyRequest(body, toFileEncoding(request));
  }
  return withIds(operation.path === configs ? fromLegacyPushConfig(body) : body, operation, ids);
}

const CONTENT_TYPE = "application/json";

function toBinding({ toBody }: LegacyOperation, files: FileEncoding): Binding {
  return {
    operations: files === "once" ? operations : smallerEvents,
    contentType: CONTENT_TYPE,
    extensionHeader: "x-a2a-extensions",
    toBody: (result) => JSON.stringify(toBody(JSON.parse(result), files)),
    toEventData: (event) => JSON.stringify(toLegacyEvent(JSON.parse(event), files)),
    toErrorBody,
    toErrorAnswer,
  };
}

/** Base64 of base64 is a third longer, and an event must not exceed its limit. */
const smallerEvents: Operations = {
  run: (...call) => operations.run(...call),
  stream: (edge, ...call) => {
    const streams = { ...edge.streams, maxEvent: Math.floor((edge.streams.maxEvent * 3) / 4) };
    return operations.stream({ ...edge, streams }, ...call);
  },
};

function toErrorAnswer(error: WireError): HttpAnswer {
  return { status: error.httpStatus, headers: toErrorHeaders(error, CONTENT_TYPE), body: toErrorBody(error) };
}

function toLegacyCardBody(result: unknown): unknown {
  return toLegacyCard(AgentCard.fromJSON(result));
}

function toErrorBody(error: WireError): string {
  return JSON.stringify(toLegacyError(error));
}

import { AgentCard } from "@a2a-js/sdk";
import { readJson } from "../request/body.ts";
import type { Edge } from "../edge.ts";
import { admitCaller } from "../admission/admit-caller.ts";
import { fromQuery, withIds } from "./http-json.ts";
import type { HttpInput, HttpOperation } from "./http-json.ts";
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
  toBody(result: unknown, files: FileEncoding): unknown;
}

const onTask = "/v1/tasks/:task";
const configs = `${onTask}/pushNotificationConfigs`;
const task = { toBody: toLegacyTask };
const config = { toBody: toLegacyPushConfig };
const other = { toBody: (result: unknown) => result ?? {} };

/** A2A 0.3 over HTTP+JSON: its paths, and the 1.0 method that each of them is. */
export const legacyOperations: readonly LegacyOperation[] = [
  // No method of this name: 0.3 has no list of tasks, and says so in its own form.
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
  request: Request,
  operation: LegacyOperation,
  input: HttpInput,
): Promise<Response> {
  try {
    const identity = await admitCaller(edge, request, target.agent.id);
    requireVersion(request.headers.get("a2a-version") ?? input.query("A2A-Version"), "0.3");
    const params = await readParams(edge, request, operation, input);
    const invocation = {
      id: null,
      version: "1.0" as const,
      method: operation.method,
      params,
      lastEventId: () => input.query("lastEventId"),
      spoken: "0.3" as const,
    };
    return await invoke(
      edge,
      target,
      identity,
      request,
      invocation,
      toBinding(edge, operation, toFileEncoding(request.headers)),
    );
  } catch (error) {
    return toErrorResponse(edge.toWireError(error));
  }
}

async function readParams(
  edge: Edge,
  request: Request,
  operation: LegacyOperation,
  input: HttpInput,
): Promise<unknown> {
  if (operation.http !== "POST") {
    const query = (name: string): string | undefined => input.query(name) ?? input.query(toSnake(name));
    return withIds(fromQuery(operation, { ...input, query }), operation, input);
  }
  const body = await readJson(request, edge.limits);
  if (input.taskId === undefined) {
    return fromLegacyRequest(body, toFileEncoding(request.headers));
  }
  return withIds(operation.path === configs ? fromLegacyPushConfig(body) : body, operation, input);
}

const CONTENT_TYPE = "application/json";

function toBinding(edge: Edge, operation: LegacyOperation, files: FileEncoding): Binding {
  return {
    contentType: CONTENT_TYPE,
    extensionHeader: "X-A2A-Extensions",
    frames: {
      event: ({ result }) => toLegacyEvent(result, files),
      error: (error) => toLegacyError(edge.toWireError(error)),
    },
    // 200 for a send too: one client takes no other status, and none needs another.
    toResponse: ({ result }) =>
      new Response(JSON.stringify(operation.toBody(result, files)), { headers: { "content-type": CONTENT_TYPE } }),
    toErrorResponse,
  };
}

function toErrorResponse(error: WireError): Response {
  return new Response(JSON.stringify(toLegacyError(error)), {
    status: error.httpStatus,
    headers: toErrorHeaders(error, CONTENT_TYPE),
  });
}

function toLegacyCardBody(result: unknown): unknown {
  return toLegacyCard(AgentCard.fromJSON(result));
}

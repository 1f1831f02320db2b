import { AgentCard } from "@a2a-js/sdk";
import { readJson } from "../request/body.ts";
import type { Edge } from "../edge.ts";
import { admitCaller } from "../admission/admit-caller.ts";
import { fromQuery, withIds } from "./http-json.ts";
import type { HttpInput, HttpOperation } from "./http-json.ts";
import { invoke } from "./invoke.ts";
import type { Binding, Target } from "./invoke.ts";
import { toLegacyCard } from "../cards/legacy-agent-card.ts";
import { fromLegacyRequest, toLegacyEvent, toLegacyTask } from "./legacy-rest-json.ts";
import { fromLegacyPushConfig, toLegacyPushConfig, toLegacyPushConfigs } from "./legacy-rest-push.ts";
import { requireVersion } from "../request/protocol-version.ts";
import { toErrorHeaders } from "./wire-error.ts";
import type { WireError } from "./wire-error.ts";

export interface LegacyOperation extends HttpOperation {
  /** 200 but for a send, where v0.3's own servers answer 201. */
  readonly status: number;
  toBody(result: unknown): unknown;
}

const onTask = "/v1/tasks/:task";
const configs = `${onTask}/pushNotificationConfigs`;
const task = { status: 200, toBody: toLegacyTask };
const config = { status: 200, toBody: toLegacyPushConfig };
const other = { status: 200, toBody: (result: unknown) => result ?? {} };

/** A2A 0.3 over HTTP+JSON: its paths, and the 1.0 method that each of them is. */
export const legacyOperations: readonly LegacyOperation[] = [
  // No method of this name: 0.3 has no list of tasks, and says so in its own form.
  { http: "GET", path: "/v1/tasks", method: "tasks/list", ...other },
  { http: "POST", path: "/v1/message:send", method: "SendMessage", status: 201, toBody: toLegacyEvent },
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
    status: 200,
    toBody: toLegacyPushConfigs,
  },
  { http: "GET", path: `${configs}/:config`, method: "GetTaskPushNotificationConfig", ...config },
  { http: "DELETE", path: `${configs}/:config`, method: "DeleteTaskPushNotificationConfig", ...other },
  { http: "GET", path: "/v1/card", method: "GetExtendedAgentCard", status: 200, toBody: toLegacyCardBody },
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
    return await invoke(edge, target, identity, request, invocation, toBinding(edge, operation));
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
    return withIds(fromQuery(operation, input), operation, input);
  }
  const body = await readJson(request, edge.limits);
  // v0.3 clients in Go and Python send `null` where there is nothing to send.
  if (input.taskId === undefined) {
    return fromLegacyRequest(body);
  }
  return withIds(operation.path === configs ? fromLegacyPushConfig(body) : (body ?? undefined), operation, input);
}

const CONTENT_TYPE = "application/json";

function toBinding(edge: Edge, operation: LegacyOperation): Binding {
  const { status } = operation;
  return {
    contentType: CONTENT_TYPE,
    extensionHeader: "X-A2A-Extensions",
    frames: { event: ({ result }) => toLegacyEvent(result), error: (error) => toErrorBody(edge.toWireError(error)) },
    toResponse: ({ result }) =>
      new Response(JSON.stringify(operation.toBody(result)), { status, headers: { "content-type": CONTENT_TYPE } }),
    toErrorResponse,
  };
}

function toErrorResponse(error: WireError): Response {
  return new Response(JSON.stringify(toErrorBody(error)), {
    status: error.httpStatus,
    headers: toErrorHeaders(error, CONTENT_TYPE),
  });
}

function toLegacyCardBody(result: unknown): unknown {
  return toLegacyCard(AgentCard.fromJSON(result));
}

/** In v0.3 the error object of JSON-RPC, bare. */
function toErrorBody({ code, message, details }: WireError): object {
  return { code, message, ...(details.length > 0 && { data: details }) };
}

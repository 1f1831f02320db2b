import { toJsonType } from "../request/accept.ts";
import { readJson } from "../request/body.ts";
import type { Edge } from "../edge.ts";
import { admitCaller } from "../admission/admit-caller.ts";
import { queryOf } from "../../ports/http-exchange.ts";
import type { HttpAnswer, HttpRequest } from "../../ports/http-exchange.ts";
import { invoke } from "./invoke.ts";
import type { Binding, Target } from "./invoke.ts";
import { operations } from "./operations.ts";
import { isRecord } from "../request/field-checks.ts";
import { requireVersion } from "../request/protocol-version.ts";
import { toErrorHeaders, toStatusBody } from "./wire-error.ts";
import type { WireError } from "./wire-error.ts";

/** The ids in a request's path. */
export interface HttpIds {
  readonly taskId: string | undefined;
  /** Id of a push notification config. */
  readonly configId: string | undefined;
}

/** One row of the table in specification 5.3. */
export interface HttpOperation {
  readonly http: "GET" | "POST" | "DELETE";
  /** Relative to the agent's path. `:task` stands for a task id, `:config` for the id of a push notification config. */
  readonly path: string;
  readonly method: string;
  /** Query parameters with their types. */
  readonly fields?: Readonly<Record<string, "string" | "integer" | "boolean" | "timestamp">>;
}

const onTask = "/tasks/:task";
const CONFIGS = "/pushNotificationConfigs";
const configs = onTask + CONFIGS;

/** More specific paths come first. */
export const httpOperations: readonly HttpOperation[] = [
  { http: "POST", path: "/message:send", method: "SendMessage" },
  { http: "POST", path: "/message:stream", method: "SendStreamingMessage" },
  {
    http: "GET",
    path: "/tasks",
    method: "ListTasks",
    fields: {
      contextId: "string",
      status: "string",
      pageSize: "integer",
      pageToken: "string",
      historyLength: "integer",
      statusTimestampAfter: "timestamp",
      includeArtifacts: "boolean",
    },
  },
  { http: "POST", path: `${onTask}:cancel`, method: "CancelTask" },
  { http: "POST", path: `${onTask}:subscribe`, method: "SubscribeToTask" },
  { http: "GET", path: `${onTask}:subscribe`, method: "SubscribeToTask" },
  { http: "GET", path: onTask, method: "GetTask", fields: { historyLength: "integer" } },
  { http: "POST", path: configs, method: "CreateTaskPushNotificationConfig" },
  {
    http: "GET",
    path: configs,
    method: "ListTaskPushNotificationConfigs",
    fields: { pageSize: "integer", pageToken: "string" },
  },
  { http: "GET", path: `${configs}/:config`, method: "GetTaskPushNotificationConfig" },
  { http: "DELETE", path: `${configs}/:config`, method: "DeleteTaskPushNotificationConfig" },
  { http: "GET", path: "/extendedAgentCard", method: "GetExtendedAgentCard" },
];

/** Answers a request of A2A 1.0 over HTTP+JSON (specification 11). Never rejects. */
export async function answerHttpJson(
  edge: Edge,
  target: Target,
  request: HttpRequest,
  operation: HttpOperation,
  ids: HttpIds,
): Promise<HttpAnswer> {
  try {
    const identity = await admitCaller(edge, request, target.agent.id);
    requireVersion(request.header("a2a-version") ?? queryOf(request, "A2A-Version"), "1.0");
    const body = operation.http === "POST" ? await readJson(request, edge.limits) : fromQuery(operation, request);
    const params = withIds(body, operation, ids);
    const lastEventId = (): string | undefined => queryOf(request, "lastEventId");
    const invocation = { version: "1.0" as const, method: operation.method, params, lastEventId };
    return await invoke(edge, target, identity, request, invocation, bindingOf(request));
  } catch (error) {
    return bindingOf(request).toErrorAnswer(edge.toWireError(error));
  }
}

/**
 * Converts query parameters to the JSON of a request body (specification 11.5). Each is found by its name, or by the
 * other name that `toOther` returns. A value that cannot be converted is kept, and the checks refuse it.
 */
export function fromQuery(
  { fields = {} }: Pick<HttpOperation, "fields">,
  request: Pick<HttpRequest, "target">,
  toOther: (name: string) => string | undefined = (name) => EARLIER_NAMES[name],
): Record<string, unknown> {
  const params: Record<string, unknown> = {};
  for (const [name, type] of Object.entries({ tenant: "string", ...fields })) {
    const other = toOther(name);
    const value = queryOf(request, name) ?? (other && queryOf(request, other));
    if (value !== undefined && value !== "") {
      params[name] = fromQueryValue(value, type);
    }
  }
  return params;
}

/** Adds the path's ids, which replace ids in the body. Without a body, or with `null`, they are the only parameters. */
export function withIds(body: unknown, { path }: Pick<HttpOperation, "path">, { taskId, configId }: HttpIds): unknown {
  if (taskId === undefined) {
    return body ?? {};
  }
  const ids = path.includes(CONFIGS) ? { taskId, ...(configId !== undefined && { id: configId }) } : { id: taskId };
  return (body ?? undefined) === undefined ? ids : isRecord(body) ? { ...body, ...ids } : body;
}

/** Older parameter names that some 1.0 clients still send. */
const EARLIER_NAMES: Readonly<Record<string, string>> = { statusTimestampAfter: "lastUpdatedAfter" };

function fromQueryValue(value: string, type: string): unknown {
  // Some clients pad numbers with spaces.
  if (type === "integer" && /^ *-?\d{1,15} *$/.test(value)) {
    return Number(value);
  }
  if (type === "timestamp") {
    // An unescaped `+` of a UTC offset is decoded as a space.
    return value.replace(/ (?=\d{2}:\d{2}$)/, "+");
  }
  return type === "boolean" && (value === "true" || value === "false") ? value === "true" : value;
}

const bindings = {
  "application/a2a+json": toBinding("application/a2a+json"),
  "application/json": toBinding("application/json"),
};

function bindingOf(request: HttpRequest): Binding {
  return bindings[toJsonType(request.header("accept"))];
}

function toBinding(contentType: string): Binding {
  return {
    operations,
    contentType,
    extensionHeader: "a2a-extensions",
    toBody: (result) => result,
    toErrorBody,
    toErrorAnswer: (error) => ({
      status: error.httpStatus,
      headers: toErrorHeaders(error, contentType),
      body: toErrorBody(error),
    }),
  };
}

function toErrorBody(error: WireError): string {
  return JSON.stringify(toStatusBody(error));
}

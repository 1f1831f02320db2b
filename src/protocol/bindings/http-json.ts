import { readJson } from "../request/body.ts";
import type { Edge } from "../edge.ts";
import { admitCaller } from "../admission/admit-caller.ts";
import { invoke } from "./invoke.ts";
import type { Binding, Target } from "./invoke.ts";
import { isRecord } from "../request/field-checks.ts";
import { requireVersion } from "../request/protocol-version.ts";
import { toErrorHeaders } from "./wire-error.ts";
import type { WireError } from "./wire-error.ts";

/** What a request's path and query say. */
export interface HttpInput {
  readonly taskId: string | undefined;
  /** Of a push notification config. */
  readonly configId: string | undefined;
  query(name: string): string | undefined;
}

/** One row of specification 5.3. */
export interface HttpOperation {
  readonly http: "GET" | "POST" | "DELETE";
  /** Below the agent. `:task` stands for a task id, `:config` for a push configuration's. */
  readonly path: string;
  readonly method: string;
  readonly fields?: Readonly<Record<string, "string" | "integer" | "boolean" | "timestamp">>;
}

const onTask = "/tasks/:task";
const CONFIGS = "/pushNotificationConfigs";
const configs = onTask + CONFIGS;

/** The more special paths first. */
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
  request: Request,
  operation: HttpOperation,
  input: HttpInput,
): Promise<Response> {
  try {
    const identity = await admitCaller(edge, request, target.agent.id);
    requireVersion(request.headers.get("a2a-version") ?? input.query("A2A-Version"), "1.0");
    const body = operation.http === "POST" ? await readJson(request, edge.limits) : fromQuery(operation, input);
    const params = withIds(body, operation, input);
    const invocation = {
      id: null,
      version: "1.0" as const,
      method: operation.method,
      params,
      lastEventId: () => input.query("lastEventId"),
    };
    return await invoke(edge, target, identity, request, invocation, toBinding(edge));
  } catch (error) {
    return toErrorResponse(edge.toWireError(error));
  }
}

/** Query values as the JSON that a body would have (specification 11.5). What does not convert is left for the checks. */
export function fromQuery({ fields = {} }: Pick<HttpOperation, "fields">, input: HttpInput): Record<string, unknown> {
  const params: Record<string, unknown> = {};
  for (const [name, type] of Object.entries({ tenant: "string", ...fields })) {
    const value = input.query(name) ?? (EARLIER_NAMES[name] && input.query(EARLIER_NAMES[name]));
    if (value !== undefined && value !== "") {
      params[name] = fromQueryValue(value, type);
    }
  }
  return params;
}

/** The path's ids are those that count. Without a body, or with null for one, a request has no other parameters. */
export function withIds(
  body: unknown,
  { path }: Pick<HttpOperation, "path">,
  { taskId, configId }: Pick<HttpInput, "taskId" | "configId">,
): unknown {
  if (taskId === undefined) {
    return body ?? {};
  }
  const ids = path.includes(CONFIGS) ? { taskId, ...(configId !== undefined && { id: configId }) } : { id: taskId };
  return (body ?? undefined) === undefined ? ids : isRecord(body) ? { ...body, ...ids } : body;
}

const CONTENT_TYPE = "application/a2a+json";
/** Names before 1.0 that a client of 1.0 still sends. */
const EARLIER_NAMES: Readonly<Record<string, string>> = { statusTimestampAfter: "lastUpdatedAfter" };

function fromQueryValue(value: string, type: string): unknown {
  // One client pads numbers.
  if (type === "integer" && /^ *-?\d{1,15} *$/.test(value)) {
    return Number(value);
  }
  if (type === "timestamp") {
    // The `+` of an offset is a space where it was not escaped.
    return value.replace(/ (?=\d{2}:\d{2}$)/, "+");
  }
  return type === "boolean" && (value === "true" || value === "false") ? value === "true" : value;
}

function toBinding(edge: Edge): Binding {
  return {
    contentType: CONTENT_TYPE,
    extensionHeader: "A2A-Extensions",
    frames: { event: ({ result }) => result, error: (error) => toErrorBody(edge.toWireError(error)) },
    toResponse: ({ result }) =>
      new Response(JSON.stringify(result ?? {}), { headers: { "content-type": CONTENT_TYPE } }),
    toErrorResponse,
  };
}

function toErrorResponse(error: WireError): Response {
  return new Response(JSON.stringify(toErrorBody(error)), {
    status: error.httpStatus,
    headers: toErrorHeaders(error, CONTENT_TYPE),
  });
}

/** google.rpc.Status (specification 11.6). */
function toErrorBody({ httpStatus, status, message, details }: WireError): object {
  return { error: { code: httpStatus, status, message, details } };
}

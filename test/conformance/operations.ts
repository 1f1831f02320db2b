import type { Json, JsonObject } from "./json.ts";

/** How the HTTP+JSON binding of v1.0 spells an operation (5.3, 11.3), and what it answers with. */
export interface Operation {
  readonly method: "GET" | "POST" | "DELETE";
  /** Below the agent's URL, with `{id}`-like holes for parameters. */
  readonly path: string;
  /** The message of its answer or of each event; `null` is Empty. */
  readonly result: string | null;
  readonly streams?: true;
}

export const operations = {
  SendMessage: { method: "POST", path: "message:send", result: "SendMessageResponse" },
  SendStreamingMessage: { method: "POST", path: "message:stream", result: "StreamResponse", streams: true },
  GetTask: { method: "GET", path: "tasks/{id}", result: "Task" },
  ListTasks: { method: "GET", path: "tasks", result: "ListTasksResponse" },
  CancelTask: { method: "POST", path: "tasks/{id}:cancel", result: "Task" },
  SubscribeToTask: { method: "POST", path: "tasks/{id}:subscribe", result: "StreamResponse", streams: true },
  CreateTaskPushNotificationConfig: {
    method: "POST",
    path: "tasks/{taskId}/pushNotificationConfigs",
    result: "TaskPushNotificationConfig",
  },
  GetTaskPushNotificationConfig: {
    method: "GET",
    path: "tasks/{taskId}/pushNotificationConfigs/{id}",
    result: "TaskPushNotificationConfig",
  },
  ListTaskPushNotificationConfigs: {
    method: "GET",
    path: "tasks/{taskId}/pushNotificationConfigs",
    result: "ListTaskPushNotificationConfigsResponse",
  },
  DeleteTaskPushNotificationConfig: {
    method: "DELETE",
    path: "tasks/{taskId}/pushNotificationConfigs/{id}",
    result: null,
  },
  GetExtendedAgentCard: { method: "GET", path: "extendedAgentCard", result: "AgentCard" },
} as const satisfies { [name: string]: Operation };

export type OperationName = keyof typeof operations;

/** Splits parameters as HTTP+JSON carries them: tenant and holes in the path, the rest in the query or the body. */
export function toHttp(name: OperationName, params: JsonObject): { method: string; path: string; body?: string } {
  const { method, path } = operations[name] as Operation;
  const { tenant, ...rest } = params;
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, hole: string) => {
    const value = rest[hole];
    delete rest[hole];
    return encodeURIComponent(toText(value));
  });
  const full = `${tenant === undefined ? "" : `/${encodeURIComponent(toText(tenant))}`}/${filled}`;
  if (method === "POST") return { method, path: full, body: JSON.stringify(rest) };
  const query = new URLSearchParams(
    Object.entries(rest).map(([key, value]): [string, string] => [key, toText(value)]),
  ).toString();
  return { method, path: query === "" ? full : `${full}?${query}` };
}

/** The operation that a v1.0 HTTP+JSON request means, by the path below the agent's URL; undefined when none. */
export function findOperation(method: string, path: string): Operation | undefined {
  return Object.values<Operation>(operations).find((operation) => {
    const pattern = operation.path.replaceAll(/\{\w+\}/g, "[^/:]+");
    const isSubscribe = operation.path.endsWith(":subscribe");
    return (
      (operation.method === method || (isSubscribe && method === "GET")) &&
      new RegExp(`^(?:[^/]+/)?${pattern}$`).test(path)
    );
  });
}

function toText(value: Json | undefined): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? "");
}

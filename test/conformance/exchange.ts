import { isObject } from "./json.ts";
import { findOperation, operations } from "./operations.ts";
import type { Operation } from "./operations.ts";
import { findCatalogFaults, findHttpErrorFaultsV1, findRpcFaultsV1 } from "./schema-envelopes.ts";
import { findFaultsV03Rest } from "./schema-v0-3-rest.ts";
import { findFaultsV03 } from "./schema-v0-3.ts";
import { findFaultsV1 } from "./schema-v1.ts";

/** What a request asks for, as far as the schema of its answer depends on it. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly version: "0.3" | "1.0";
  readonly binding: "card" | "catalog" | "JSONRPC" | "HTTP+JSON";
  /** The JSON-RPC method or the path below the agent's URL. */
  readonly operation: string;
}

export function createExchange(request: Request, body: string | undefined): Exchange {
  const { method } = request;
  const { pathname, searchParams } = new URL(request.url);
  const path = pathname === "/agents/" ? "/agents" : pathname;
  const below = path.replace(/^\/agents\/[^/]+/, "").replace(/^\//, "");
  const asked = request.headers.get("a2a-version") ?? searchParams.get("A2A-Version") ?? "";
  const isCard = /(?:^|\/)\.well-known\/agent(?:-card)?\.json$/.test(below);
  const isRest = below !== "" && !isCard;
  // Without a version, and on every version that there is none of, the unprefixed HTTP+JSON answers as v1.0.
  const isV03 = isRest ? /^(?:[^/]+\/)?v1\//.test(below) : /^(?:0\.3(?:\.\d+)?)?$/.test(asked.trim());
  const version = isV03 ? "0.3" : "1.0";
  if (isCard) return { method, path, version, binding: "card", operation: below };
  if (path === "/agents") return { method, path, version, binding: "catalog", operation: "" };
  if (isRest) return { method, path, version, binding: "HTTP+JSON", operation: below };
  return { method, path, version, binding: "JSONRPC", operation: readRpcMethod(body) };
}

/** The caller chose the name: `constructor` is one, too. */
function own<T>(table: { readonly [name: string]: T }, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

export function findBodyFaults(exchange: Exchange, status: number, value: unknown): string[] {
  const { binding, version, operation, method } = exchange;
  if (binding === "JSONRPC" && method === "POST") {
    return version === "1.0"
      ? findRpcFaultsV1(own<Operation>(operations, operation)?.result ?? null, value)
      : findFaultsV03(own<string>(legacyResponses, operation) ?? "JSONRPCErrorResponse", value);
  }
  if (status >= 400) {
    const faults =
      version === "1.0" || binding !== "HTTP+JSON" ? findHttpErrorFaultsV1(value) : findFaultsV03Rest("Error", value);
    return [...faults, ...findStatusFaults(status, value)];
  }
  if (binding === "catalog") return findCatalogFaults(value);
  if (binding === "card")
    return version === "1.0" ? findFaultsV1("AgentCard", value) : findFaultsV03("AgentCard", value);
  if (version === "0.3" && operation.includes("/pushNotificationConfigs")) return findConfigFaults(value);
  if (version === "0.3") return findFaultsV03Rest(operation.endsWith(":send") ? "SendMessageResponse" : "Task", value);
  const result = findOperation(method, operation)?.result;
  if (result === null) return JSON.stringify(value) === "{}" ? [] : ["Empty is {}"];
  return result === undefined ? [`no schema for ${method} ${operation}`] : findFaultsV1(result, value);
}

/** In v0.3 a resource of a2a.proto around what the JSON schema has too. */
function findConfigFaults(value: unknown): string[] {
  if (!isObject(value)) return ["not an object"];
  const { configs, name, pushNotificationConfig } = value;
  if (Array.isArray(configs)) return configs.flatMap(findConfigFaults);
  if (Object.keys(value).length === 0) return [];
  const isNamed = /^tasks\/[^/]+\/pushNotificationConfigs\/[^/]+$/.test(typeof name === "string" ? name : "");
  return [...(isNamed ? [] : ["no name"]), ...findFaultsV03("PushNotificationConfig", pushNotificationConfig)];
}

export function findEventFaults({ binding, version }: Exchange, event: string | undefined, value: unknown): string[] {
  if (binding === "JSONRPC") {
    return version === "1.0"
      ? findRpcFaultsV1("StreamResponse", value)
      : findFaultsV03("SendStreamingMessageResponse", value);
  }
  if (event === "error") return version === "1.0" ? findHttpErrorFaultsV1(value) : findFaultsV03Rest("Error", value);
  return version === "1.0" ? findFaultsV1("StreamResponse", value) : findFaultsV03Rest("StreamResponse", value);
}

const legacyResponses: { readonly [method: string]: string } = {
  "message/send": "SendMessageResponse",
  "message/stream": "SendStreamingMessageResponse",
  "tasks/get": "GetTaskResponse",
  "tasks/cancel": "CancelTaskResponse",
  "tasks/resubscribe": "SendStreamingMessageResponse",
  "tasks/pushNotificationConfig/set": "SetTaskPushNotificationConfigResponse",
  "tasks/pushNotificationConfig/get": "GetTaskPushNotificationConfigResponse",
  "tasks/pushNotificationConfig/list": "ListTaskPushNotificationConfigResponse",
  "tasks/pushNotificationConfig/delete": "DeleteTaskPushNotificationConfigResponse",
  "agent/getAuthenticatedExtendedCard": "GetAuthenticatedExtendedCardResponse",
};

/** google.rpc.Status says the HTTP status again (11.6). */
function findStatusFaults(status: number, value: unknown): string[] {
  const code = isObject(value) && isObject(value["error"]) ? value["error"]["code"] : undefined;
  return code === undefined || code === status
    ? []
    : [`error.code ${JSON.stringify(code)} under HTTP status ${status}`];
}

function readRpcMethod(body: string | undefined): string {
  try {
    const parsed: unknown = JSON.parse(body ?? "");
    return isObject(parsed) && typeof parsed["method"] === "string" ? parsed["method"] : "";
  } catch {
    return "";
  }
}

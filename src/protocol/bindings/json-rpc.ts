import { readJson } from "../request/body.ts";
import { EdgeError } from "../request/edge-fault.ts";
import { admitCaller } from "../admission/admit-caller.ts";
import type { Edge } from "../edge.ts";
import type { RpcId } from "../dispatch.ts";
import { invoke } from "./invoke.ts";
import type { Binding, Target } from "./invoke.ts";
import { isRecord } from "../request/field-checks.ts";
import { parseVersion } from "../request/protocol-version.ts";
import type { ProtocolVersion } from "../request/protocol-version.ts";
import { toErrorHeaders } from "./wire-error.ts";
import type { WireError } from "./wire-error.ts";

/** Answers a JSON-RPC request of A2A 1.0 or 0.3 (specification 9). Never rejects. */
export async function answerJsonRpc(
  edge: Edge,
  target: Target,
  request: Request,
  query: (name: string) => string | undefined,
): Promise<Response> {
  let id: RpcId = null;
  try {
    const identity = await admitCaller(edge, request, target.agent.id);
    const body = await readJson(request, edge.limits);
    id = toId(body);
    const { method, params } = parseEnvelope(body);
    const version = parseVersion(request.headers.get("a2a-version") ?? query("A2A-Version")) ?? "0.3";
    const invocation = { id, version, method, params, lastEventId: () => query("lastEventId") };
    return await invoke(edge, target, identity, request, invocation, toBinding(edge, id, version));
  } catch (error) {
    return toErrorResponse(id, edge.toWireError(error));
  }
}

const CONTENT_TYPE = "application/json";
/** The methods that need no parameters. */
const BARE_METHODS = new Set(["GetExtendedAgentCard", "agent/getAuthenticatedExtendedCard", "ListTasks"]);

function toBinding(edge: Edge, id: RpcId, version: ProtocolVersion): Binding {
  return {
    contentType: CONTENT_TYPE,
    extensionHeader: version === "1.0" ? "A2A-Extensions" : "X-A2A-Extensions",
    frames: { event: (event) => event, error: (error) => toErrorBody(id, edge.toWireError(error)) },
    toResponse: (response) => new Response(JSON.stringify(response), { headers: { "content-type": CONTENT_TYPE } }),
    toErrorResponse: (error) => toErrorResponse(id, error),
  };
}

/** @throws EdgeError `bad-json`, `invalid-request`, where the SDK's transport answers InvalidParams */
function parseEnvelope(body: unknown): { readonly method: string; readonly params: unknown } {
  if (body === undefined) {
    throw new EdgeError({ code: "bad-json", message: "Invalid JSON payload: the body is empty." });
  }
  if (Array.isArray(body)) {
    throw notARequest("batches are not supported");
  }
  if (!isRecord(body)) {
    throw notARequest("it must be an object");
  }
  const { jsonrpc, method, params } = body;
  if (jsonrpc !== "2.0") {
    throw notARequest('jsonrpc must be "2.0"');
  }
  if (!isId(body["id"] ?? null)) {
    throw notARequest("id must be a string, an integer or null");
  }
  if (typeof method !== "string") {
    throw notARequest("method must be a string");
  }
  return { method, params: params ?? (BARE_METHODS.has(method) ? {} : params) };
}

function toId(body: unknown): RpcId {
  const id = isRecord(body) ? body["id"] : null;
  return isId(id) ? id : null;
}

/** An id comes back in every event, so it must leave room for one. */
function isId(id: unknown): id is RpcId {
  return id === null || Number.isInteger(id) || (typeof id === "string" && id.length <= 1_024);
}

function notARequest(why: string): EdgeError {
  return new EdgeError({ code: "invalid-request", message: `Request payload validation error: ${why}.` });
}

function toErrorResponse(id: RpcId, error: WireError): Response {
  const headers = toErrorHeaders(error, CONTENT_TYPE);
  return new Response(JSON.stringify(toErrorBody(id, error)), { status: error.rpcHttpStatus, headers });
}

function toErrorBody(id: RpcId, { code, message, details }: WireError): object {
  return { jsonrpc: "2.0", id, error: { code, message, ...(details.length > 0 && { data: details }) } };
}

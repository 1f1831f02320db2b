import { admitCaller } from "../admission/admit-caller.ts";
import type { Edge } from "../edge.ts";
import { queryOf } from "../../ports/http-exchange.ts";
import type { HttpAnswer, HttpRequest } from "../../ports/http-exchange.ts";
import { readJson } from "../request/body.ts";
import { EdgeError } from "../request/edge-fault.ts";
import { isFetchClient } from "../request/fetch-client.ts";
import { isRecord } from "../request/field-checks.ts";
import { parseVersion } from "../request/protocol-version.ts";
import type { ProtocolVersion } from "../request/protocol-version.ts";
import { SSE_HEADERS } from "../streams/event-streams.ts";
import { invoke } from "./invoke.ts";
import type { Binding, Target } from "./invoke.ts";
import { legacyOperations } from "./legacy-json-rpc.ts";
import { operations } from "./operations.ts";
import { toErrorHeaders } from "./wire-error.ts";
import type { WireError } from "./wire-error.ts";

type RpcId = string | number | null;

/** Answers a JSON-RPC request of A2A 1.0 or 0.3 (specification 9). Never rejects. */
export async function answerJsonRpc(edge: Edge, target: Target, request: HttpRequest): Promise<HttpAnswer> {
  let id: RpcId = null;
  let isStream = false;
  try {
    const identity = await admitCaller(edge, request, target.agent.id);
    const body = await readJson(request, edge.limits);
    id = toId(body);
    const { method, params } = parseEnvelope(body);
    const version = parseVersion(request.header("a2a-version") ?? queryOf(request, "A2A-Version")) ?? "0.3";
    isStream = expectsStream(edge, request, version, method);
    const invocation = { version, method, params, lastEventId: () => queryOf(request, "lastEventId") };
    return await invoke(edge, target, identity, request, invocation, toBinding(id, version));
  } catch (error) {
    const wireError = edge.toWireError(error);
    return isStream && wireError.rpcHttpStatus === 200 ? toRefusedStream(id, wireError) : toErrorAnswer(id, wireError);
  }
}

/**
 * Whether a refused call is answered with an SSE error event (decision 0013). In 0.3 this is so for all clients. In 1.0
 * it is so for all but the JavaScript SDK, which has one class per error for JSON bodies, and one for all errors in a
 * stream.
 */
function expectsStream(edge: Edge, request: HttpRequest, version: ProtocolVersion, method: string): boolean {
  const streams = edge.methods[version].get(method)?.streams === true;
  const accepts = (request.header("accept") ?? "").includes("text/event-stream");
  return streams && (version === "0.3" || (accepts && !isFetchClient(request)));
}

const CONTENT_TYPE = "application/json";
/** Methods whose `params` may be absent. */
const BARE_METHODS = new Set(["GetExtendedAgentCard", "agent/getAuthenticatedExtendedCard", "ListTasks"]);

function toBinding(id: RpcId, version: ProtocolVersion): Binding {
  const start = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":`;
  return {
    operations: version === "1.0" ? operations : legacyOperations,
    contentType: CONTENT_TYPE,
    extensionHeader: version === "1.0" ? "a2a-extensions" : "x-a2a-extensions",
    toBody: (result) => `${start}${result}}`,
    frame: [start, "}"],
    toErrorBody: (error) => toErrorBody(id, error),
    toErrorAnswer: (error) => toErrorAnswer(id, error),
  };
}

/** @throws EdgeError `bad-json`, `invalid-request` */
function parseEnvelope(body: unknown): { readonly method: string; readonly params: unknown } {
  if (body === undefined) {
    throw new EdgeError({ code: "bad-json", message: "The request body is empty. Send a JSON-RPC request." });
  }
  if (Array.isArray(body)) {
    throw notARequest("batches are not supported; send one request at a time");
  }
  if (!isRecord(body)) {
    throw notARequest("the body must be a JSON object");
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

/** The length of a string is limited because every event of a stream repeats the id. */
function isId(id: unknown): id is RpcId {
  return id === null || Number.isInteger(id) || (typeof id === "string" && id.length <= 1_024);
}

function notARequest(reason: string): EdgeError {
  return new EdgeError({ code: "invalid-request", message: `Invalid JSON-RPC request: ${reason}.` });
}

function toErrorAnswer(id: RpcId, error: WireError): HttpAnswer {
  return { status: error.rpcHttpStatus, headers: toErrorHeaders(error, CONTENT_TYPE), body: toErrorBody(id, error) };
}

/** One SSE error event, because a client that expects events would read a JSON body as an empty stream. */
function toRefusedStream(id: RpcId, error: WireError): HttpAnswer {
  return { status: 200, headers: SSE_HEADERS, body: `event: error\ndata: ${toErrorBody(id, error)}\n\n` };
}

function toErrorBody(id: RpcId, { code, message, details }: WireError): string {
  return JSON.stringify({ jsonrpc: "2.0", id, error: { code, message, ...(details.length > 0 && { data: details }) } });
}

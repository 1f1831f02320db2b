import { JsonRpcTransportHandler } from "@a2a-js/sdk/server";
import { LegacyJsonRpcTransportHandler } from "@a2a-js/sdk/compat/v0_3/server";
import type { Agent } from "../ports/agent.ts";
import { invalid, TaskError } from "../tasks/task-fault.ts";
import { toContext } from "./call-context.ts";
import type { EdgeCall } from "./call-context.ts";
import { EdgeError } from "./request/edge-fault.ts";
import type { EdgeParts } from "./edge.ts";
import { createRequestHandler } from "./request-handler.ts";
import { isRecord } from "./request/field-checks.ts";
import type { Methods } from "./request/methods.ts";
import { withBlockingDefault } from "./request/methods.ts";
import type { ProtocolVersion } from "./request/protocol-version.ts";

export type RpcId = string | number | null;

/** A JSON-RPC response that holds a result; errors are thrown. */
export interface RpcResponse {
  readonly jsonrpc: "2.0";
  readonly id: RpcId;
  readonly result: unknown;
}

/** Runs methods of one agent. HTTP+JSON goes this way too, so that the bindings cannot differ (specification 5.1). */
export interface Dispatcher {
  /** The parameters have been checked. @throws TaskError, EdgeError, and what nobody foresaw */
  run(
    call: EdgeCall,
    version: ProtocolVersion,
    request: RpcRequest,
  ): Promise<RpcResponse | AsyncGenerator<RpcResponse>>;
}

interface RpcRequest {
  readonly id: RpcId;
  readonly method: string;
  readonly params: Record<string, unknown>;
}

export function createDispatcher(agent: Agent, parts: EdgeParts): Dispatcher {
  const handler = createRequestHandler(agent, parts);
  const current = new JsonRpcTransportHandler(handler);
  const legacy = new LegacyJsonRpcTransportHandler(handler);

  return {
    async run(call, version, { id, method, params }) {
      const context = toContext(call, version);
      const answer =
        version === "1.0"
          ? await current.handle({ jsonrpc: "2.0", id, method, params }, context)
          : await legacy.handle({ jsonrpc: "2.0", id, method, params: withBlockingDefault(params) }, context);
      if (Symbol.asyncIterator in answer) {
        return (version === "1.0" ? answer : withFinal(answer)) as AsyncGenerator<RpcResponse>;
      }
      if ("error" in answer) {
        throw call.failure ?? fromTransport(answer.error as { code: number; message: string });
      }
      return answer as RpcResponse;
    },
  };
}

/**
 * Refuses what no method takes. @throws EdgeError `unknown-method`, TaskError `invalid`
 */
export function checkRequest(
  methods: Methods,
  version: ProtocolVersion,
  name: string,
  params: unknown,
): asserts params is Record<string, unknown> {
  const method = methods[version].get(name);
  if (!method) {
    throw new EdgeError({ code: "unknown-method", message: toAdvice(methods, version, name) });
  }
  if (!isRecord(params)) {
    throw invalid("params", "must be an object");
  }
  const faults: { field: string; description: string }[] = [];
  method.check(params, "", faults);
  if (faults.length > 0) {
    throw new TaskError({ code: "invalid", violations: faults });
  }
}

function toAdvice(methods: Methods, version: ProtocolVersion, name: string): string {
  const other = version === "1.0" ? "0.3" : "1.0";
  const shown = JSON.stringify(name.slice(0, 60));
  return methods[other].has(name)
    ? `Method not found: ${shown} belongs to A2A ${other}, and this request is ${version}. Set the header A2A-Version: ${other}.`
    : `Method not found: ${shown}.`;
}

/** In v0.3 `final` marks the event that ends the stream; the SDK's translation forgets INPUT_REQUIRED. */
async function* withFinal(events: AsyncGenerator): AsyncGenerator {
  for await (const event of events) {
    const { result } = event as { result: { kind: string; final?: boolean; status?: { state: string } } };
    if (result.kind === "status-update" && result.status?.state === "input-required") {
      result.final = true;
    }
    yield event;
  }
}

/** Only where the transport's own checks are stricter than ours. */
function fromTransport(error: { readonly code: number; readonly message: string }): Error {
  return error.code === -32602
    ? invalid("params", error.message)
    : new Error(`transport error ${error.code}: ${error.message}`);
}

import { ServerCallContext } from "@a2a-js/sdk/server";
import type { Agent, Caller } from "../ports/agent.ts";
import type { Call } from "../tasks/task-engine.ts";
import type { ProtocolVersion } from "./request/protocol-version.ts";

/** A call on its way through the SDK's transports to the engine and back. */
export interface EdgeCall extends Call {
  /** Generation of the event yielded last; 0 for one that is not whole yet, or has no place in a log. */
  generation: number;
  /** What the engine threw: the transports know fewer faults than it does. */
  failure: Error | undefined;
}

export interface CallOptions {
  readonly version: ProtocolVersion;
  readonly lastEventId?: number | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly waitUntil?: Call["waitUntil"];
}

/** `source` tells that the client has gone: the request itself, or for a stream the controller that its body aborts. */
export function createCall(
  agent: Agent,
  caller: Caller,
  source: { readonly signal: AbortSignal },
  options: CallOptions,
): EdgeCall {
  return new RequestCall(agent, caller, source, options);
}

class RequestCall implements EdgeCall {
  readonly #source: { readonly signal: AbortSignal };
  readonly agent: Agent;
  readonly caller: Caller;
  readonly version: ProtocolVersion;
  readonly lastEventId?: number;
  readonly idempotencyKey?: string;
  readonly waitUntil?: NonNullable<Call["waitUntil"]>;
  generation = 0;
  failure: Error | undefined = undefined;

  constructor(agent: Agent, caller: Caller, source: { readonly signal: AbortSignal }, options: CallOptions) {
    this.#source = source;
    this.agent = agent;
    this.caller = caller;
    this.version = options.version;
    if (options.lastEventId !== undefined) {
      this.lastEventId = options.lastEventId;
    }
    if (options.idempotencyKey !== undefined) {
      this.idempotencyKey = options.idempotencyKey;
    }
    if (options.waitUntil !== undefined) {
      this.waitUntil = options.waitUntil;
    }
  }

  /** Asked for rarely, and a server makes it on demand. */
  get signal(): AbortSignal {
    return this.#source.signal;
  }
}

export function toContext(call: EdgeCall, requestedVersion: ProtocolVersion): ServerCallContext {
  return new ServerCallContext({ requestedVersion, state: new Map([[KEY, call]]) });
}

export function callOf(context: ServerCallContext): EdgeCall {
  return context.state.get(KEY) as EdgeCall;
}

const KEY = "call";

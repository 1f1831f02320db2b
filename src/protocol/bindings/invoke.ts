import type { Identity } from "../../auth/identity.ts";
import { toOperatedScope } from "../../auth/operator.ts";
import { toCaller } from "../../auth/scope.ts";
import type { Agent, Caller } from "../../ports/agent.ts";
import type { Call } from "../../tasks/task-engine.ts";
import type { Edge } from "../edge.ts";
import type { HttpAnswer, HttpRequest } from "../../ports/http-exchange.ts";
import { parseExtensions, parseIdempotencyKey, parseLastEventId, toActivated } from "../request/extensions.ts";
import { checkParams } from "../request/methods.ts";
import type { ProtocolVersion } from "../request/protocol-version.ts";
import { agreeOnTenant } from "../request/tenant.ts";
import { SSE_HEADERS } from "../streams/event-streams.ts";
import type { WireEvent, WireEvents } from "../streams/event-streams.ts";
import type { Operations } from "./operations.ts";
import type { WireError } from "./wire-error.ts";

/** The agent and tenant that a request's path names. */
export interface Target {
  readonly agent: Agent;
  /** `""` when the path has none. */
  readonly tenant: string;
}

export interface Invocation {
  /** The A2A version of `method` and `params`. */
  readonly version: ProtocolVersion;
  readonly method: string;
  readonly params: unknown;
  /** The client's A2A version, if it differs from `version`. */
  readonly spoken?: ProtocolVersion;
  /** The value in the query. */
  lastEventId(): string | undefined;
}

/** How a binding encodes results, events and errors. */
export interface Binding {
  readonly operations: Operations;
  readonly contentType: string;
  readonly extensionHeader: string;
  /** The response body for a result, which is given as JSON text. */
  readonly toBody: (result: string) => string;
  /** The text before and after an event's JSON, if the data of an SSE event is encoded like a result. */
  readonly frame?: readonly [before: string, after: string];
  /** The data of an SSE event, if it is encoded differently from a result. */
  readonly toEventData?: (event: string) => string;
  toErrorBody(error: WireError): string;
  toErrorAnswer(error: WireError): HttpAnswer;
}

/**
 * Checks the parameters of an authenticated call, runs it and encodes the answer, for every binding.
 * @throws EdgeError, TaskError; errors after the start of a stream or of a keep-alive response are part of that
 * response
 */
export async function invoke(
  edge: Edge,
  target: Target,
  identity: Identity,
  request: HttpRequest,
  invocation: Invocation,
  binding: Binding,
): Promise<HttpAnswer> {
  const { version, method: name, params } = invocation;
  const method = checkParams(edge.methods, version, name, params);
  const checked = params as Record<string, unknown>;
  const requested = parseExtensions(request.header(binding.extensionHeader));
  // A streaming method with a message is a send. Last-Event-ID applies to subscriptions only; a send has
  // Idempotency-Key.
  const isSubscription = method.streams && checked["message"] === undefined;
  const call: Call = new RequestCall(request, {
    agent: target.agent,
    caller: callerOf(edge, target, identity, request, invocation, checked),
    version: invocation.spoken ?? version,
    lastEventId: isSubscription
      ? parseLastEventId(requested, request.header("last-event-id"), invocation.lastEventId())
      : undefined,
    idempotencyKey: parseIdempotencyKey(requested, request.header("idempotency-key"), checked["message"]),
  });
  if (method.streams) {
    return withActivated(await openStream(edge, identity, call, name, checked, binding), requested, binding);
  }
  const running = binding.operations.run(edge, call, name, checked);
  if (!method.waits) {
    return withActivated(toAnswer(binding, await running), requested, binding);
  }
  const answer = running.then(
    (result) => toAnswer(binding, result),
    (error: unknown) => binding.toErrorAnswer(edge.toWireError(error)),
  );
  return withActivated(await edge.keepAlive.wait(answer, binding.contentType), requested, binding);
}

/** A class with getters, so that the request's signal is created only when it is used: most calls never use it. */
class RequestCall implements Call {
  readonly #request: HttpRequest;
  readonly agent: Agent;
  readonly caller: Caller;
  readonly version: ProtocolVersion;
  readonly lastEventId: number | undefined;
  readonly idempotencyKey: string | undefined;

  constructor(
    request: HttpRequest,
    fields: Omit<Call, "signal" | "waitUntil" | "version"> & { version: ProtocolVersion },
  ) {
    this.#request = request;
    this.agent = fields.agent;
    this.caller = fields.caller;
    this.version = fields.version;
    this.lastEventId = fields.lastEventId;
    this.idempotencyKey = fields.idempotencyKey;
  }

  get signal(): AbortSignal {
    return this.#request.signal;
  }

  get waitUntil(): Call["waitUntil"] {
    return this.#request.waitUntil;
  }
}

/** The caller with the scope of the tasks that the call may access: its own, or the one that an operator named. */
function callerOf(
  edge: Edge,
  target: Target,
  identity: Identity,
  request: HttpRequest,
  { version, method }: Invocation,
  params: Record<string, unknown>,
): Caller {
  const named = version === "1.0" && typeof params["tenant"] === "string" ? params["tenant"] : "";
  const own = toCaller(identity, agreeOnTenant(target.tenant, named));
  const operated = toOperatedScope(identity, edge.operatorRole, request, method);
  if (operated === undefined) {
    return own;
  }
  const taskId = params["id"] ?? params["taskId"];
  edge.logger.warn("operator.acted", { subject: own.subject, scope: operated, method, taskId });
  return { ...own, scope: operated };
}

/** Opens the response as soon as the engine has accepted the call, without waiting for the agent's first event. */
async function openStream(
  edge: Edge,
  identity: Identity,
  call: Call,
  method: string,
  params: Record<string, unknown>,
  binding: Binding,
): Promise<HttpAnswer> {
  const slot = edge.eventStreams.admit(identity);
  let events: WireEvents;
  try {
    events = await binding.operations.stream(edge, call, method, params);
  } catch (error) {
    slot.release();
    throw error;
  }
  const framed = framedBy(binding, events);
  const body = edge.eventStreams.open(framed, slot, (error) => binding.toErrorBody(edge.toWireError(error)));
  return { status: 200, headers: SSE_HEADERS, body };
}

function framedBy(binding: Binding, events: WireEvents): WireEvents {
  const { frame, toEventData } = binding;
  return {
    async next() {
      const next = await events.next();
      return next.done ? next : { done: false, value: toFramed(next.value) };
    },
    return: () => events.return(),
  };

  function toFramed({ generation, json }: WireEvent): WireEvent {
    return toEventData ? { generation, json: toEventData(json) } : { generation, json, ...(frame && { frame }) };
  }
}

function toAnswer(binding: Binding, result: string): HttpAnswer {
  return { status: 200, headers: { "content-type": binding.contentType }, body: binding.toBody(result) };
}

function withActivated(answer: HttpAnswer, requested: readonly string[], binding: Binding): HttpAnswer {
  const activated = requested.length === 0 ? "" : toActivated(requested);
  return activated === ""
    ? answer
    : { ...answer, headers: { ...answer.headers, [binding.extensionHeader]: activated } };
}

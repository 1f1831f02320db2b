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
import type { WireEvents } from "../streams/event-streams.ts";
import type { Operations } from "./operations.ts";
import type { WireError } from "./wire-error.ts";

/** Where a request goes, from its path. */
export interface Target {
  readonly agent: Agent;
  /** `""` without one in the path. */
  readonly tenant: string;
}

export interface Invocation {
  /** The version whose methods and parameters these are. */
  readonly version: ProtocolVersion;
  readonly method: string;
  readonly params: unknown;
  /** What the client speaks, where that is not the version of the parameters. */
  readonly spoken?: ProtocolVersion;
  /** From the query. */
  lastEventId(): string | undefined;
}

/** How a binding writes results, events and errors. */
export interface Binding {
  readonly operations: Operations;
  readonly contentType: string;
  readonly extensionHeader: string;
  /** The body that holds a result, given as JSON text. */
  readonly toBody: (result: string) => string;
  /** The same for an event of a stream, where that is written in another way. */
  readonly toEventData?: (event: string) => string;
  toErrorBody(error: WireError): string;
  toErrorAnswer(error: WireError): HttpAnswer;
}

/** Runs one call of any binding, from checked credentials to the answer. Rejects with what refuses it. */
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
  // Of the methods that stream only a send has a message; what it repeats is found by its key, not by a place in a log.
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

/** A class, so that the signal is asked for when someone needs it: most calls end without. */
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

/** Whose tasks the call is about: the caller's own, or those that an operator named. */
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

/** The response begins when the engine has accepted the call, never when the agent first speaks. */
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
  const toData = (json: string): string => (binding.toEventData ?? binding.toBody)(json);
  return {
    async next() {
      const next = await events.next();
      return next.done
        ? next
        : { done: false, value: { generation: next.value.generation, json: toData(next.value.json) } };
    },
    return: () => events.return(),
  };
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

import type { Identity } from "../../auth/identity.ts";
import { toOperatedScope } from "../../auth/operator.ts";
import { toCaller } from "../../auth/scope.ts";
import type { Agent } from "../../ports/agent.ts";
import { createCall } from "../call-context.ts";
import type { CallOptions } from "../call-context.ts";
import { checkRequest } from "../dispatch.ts";
import type { RpcId, RpcResponse } from "../dispatch.ts";
import type { Edge } from "../edge.ts";
import { parseExtensions, parseIdempotencyKey, parseLastEventId, toActivated } from "../request/extensions.ts";
import type { AdmittedStream, Frames } from "../streams/event-streams.ts";
import { agreeOnTenant } from "../request/tenant.ts";
import type { ProtocolVersion } from "../request/protocol-version.ts";
import type { WireError } from "./wire-error.ts";

/** Where a request goes, from its path. */
export interface Target {
  readonly agent: Agent;
  /** `""` without one in the path. */
  readonly tenant: string;
}

export interface Invocation {
  readonly id: RpcId;
  /** The version whose methods and parameters these are. */
  readonly version: ProtocolVersion;
  readonly method: string;
  readonly params: unknown;
  /** From the query. */
  lastEventId(): string | undefined;
  /** What the client speaks, where that is not the version of the parameters. */
  readonly spoken?: ProtocolVersion;
}

/** How a binding writes results, events and errors. */
export interface Binding {
  readonly contentType: string;
  readonly extensionHeader: string;
  readonly frames: Frames<RpcResponse>;
  toResponse(response: RpcResponse): Response;
  toErrorResponse(error: WireError): Response;
}

/** Runs one call of any binding, from checked credentials to the response. @throws what refuses it */
export async function invoke(
  edge: Edge,
  target: Target,
  identity: Identity,
  request: Request,
  invocation: Invocation,
  binding: Binding,
): Promise<Response> {
  const { id, version, method: name, params } = invocation;
  checkRequest(edge.methods, version, name, params);
  const method = edge.methods[version].get(name);
  const named = version === "1.0" && typeof params["tenant"] === "string" ? params["tenant"] : "";
  const own = toCaller(identity, agreeOnTenant(target.tenant, named));
  const operated = toOperatedScope(identity, edge.operatorRole, request, name);
  const caller = operated === undefined ? own : { ...own, scope: operated };
  if (operated !== undefined) {
    const taskId = params["id"] ?? params["taskId"];
    edge.logger.warn("operator.acted", { subject: own.subject, scope: operated, method: name, taskId });
  }
  const requested = parseExtensions(request.headers.get(binding.extensionHeader));
  // Of the methods that stream only a send has a message; what it repeats is found by its key, not by a place in a log.
  const isSubscription = method?.streams && params["message"] === undefined;
  const options: CallOptions = {
    lastEventId: isSubscription
      ? parseLastEventId(requested, request.headers.get("last-event-id"), invocation.lastEventId())
      : undefined,
    version: invocation.spoken ?? version,
    idempotencyKey: parseIdempotencyKey(requested, request.headers.get("idempotency-key"), params["message"]),
    waitUntil: edge.attendants.get(request)?.waitUntil,
  };
  if (method?.streams) {
    edge.eventStreams.admit();
  }
  const onEnd = method?.streams ? edge.callers.openStream(identity) : undefined;
  const dispatcher = edge.dispatcherOf(target.agent);
  const abort = method?.streams ? new AbortController() : undefined;
  const call = createCall(target.agent, caller, abort ?? request, options);
  const running = dispatcher.run(call, version, { id, method: name, params });

  if (method?.waits) {
    const answer = running.then(
      (response) => binding.toResponse(response as RpcResponse),
      (error: unknown) => binding.toErrorResponse(edge.toWireError(error)),
    );
    return withActivated(await edge.keepAlive.wait(answer, binding.contentType), requested, binding);
  }
  if (abort && onEnd) {
    const admitted = { call, abort, onEnd, until: identity.expiresAt };
    const response = await openStream(edge, running, admitted, binding);
    return withActivated(response, requested, binding);
  }
  return withActivated(binding.toResponse((await running) as RpcResponse), requested, binding);
}

async function openStream(
  edge: Edge,
  running: Promise<RpcResponse | AsyncGenerator<RpcResponse>>,
  admitted: AdmittedStream,
  binding: Binding,
): Promise<Response> {
  try {
    return await edge.eventStreams.open((await running) as AsyncGenerator<RpcResponse>, admitted, binding.frames);
  } catch (error) {
    admitted.onEnd();
    throw error;
  }
}

function withActivated(response: Response, requested: readonly string[], binding: Binding): Response {
  const activated = requested.length === 0 ? "" : toActivated(requested);
  if (activated !== "") {
    response.headers.set(binding.extensionHeader, activated);
  }
  return response;
}

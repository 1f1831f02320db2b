import { answerHttpJson, httpOperations } from "./bindings/http-json.ts";
import type { Target } from "./bindings/invoke.ts";
import { answerJsonRpc } from "./bindings/json-rpc.ts";
import { answerLegacyRest, legacyOperations } from "./bindings/legacy-rest.ts";
import { methodNotAllowed, notFound, toHttpErrorAnswer } from "./bindings/wire-error.ts";
import { answerCard } from "./cards/card-answer.ts";
import type { Edge } from "./edge.ts";
import { gatewayEndpoints } from "./gateway-endpoints.ts";
import { createCors } from "./http/cors.ts";
import type { HttpAnswer, HttpRequest } from "../ports/http-exchange.ts";
import { decodeSegment, matchTemplate, parseTemplate, toSegments } from "./http/path.ts";
import type { PathParameters, PathTemplate } from "./http/path.ts";
import { isReserved } from "./request/tenant.ts";

/** Answers requests to every path of the gateway. Never throws or rejects. */
export type Routes = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;

/** A path and its handlers by HTTP method. */
interface Resource {
  readonly template: PathTemplate;
  readonly methods: Map<string, Handler>;
}

/** What a request's path names. */
interface Route extends Target {
  /** `/agents/{id}` or `/agents/{id}@{major}`. */
  readonly agentPath: string;
  readonly parameters: PathParameters;
}

type Handler = (request: HttpRequest, route: Route) => HttpAnswer | Promise<HttpAnswer>;

/**
 * A path is `[/agents/{id}[@{major}]][/{tenant}]` followed by one of the agent's paths, or one of the gateway's own
 * paths. Paths are compared segment by segment, so that the time is linear in the length of the path.
 */
export function createRoutes(edge: Edge): Routes {
  const cors = edge.corsOrigins.length > 0 ? createCors(edge.corsOrigins) : undefined;
  const ofGateway = new Map<string, Handler>(
    gatewayEndpoints(edge).map((endpoint) => [endpoint.path, endpoint.answer]),
  );
  const ofAgent = agentResources(edge);

  return (request) => {
    if (!cors) {
      return answer(request);
    }
    const preflight = cors.answerPreflight(request);
    return preflight ?? Promise.resolve(answer(request)).then((answered) => cors.allow(request, answered));
  };

  function answer(request: HttpRequest): HttpAnswer | Promise<HttpAnswer> {
    try {
      const answered = answerPath(request);
      return "then" in answered ? answered.catch(fail) : answered;
    } catch (error) {
      return fail(error);
    }
  }

  function fail(error: unknown): HttpAnswer {
    return toHttpErrorAnswer(edge.toWireError(error));
  }

  function answerPath(request: HttpRequest): HttpAnswer | Promise<HttpAnswer> {
    if (request.target.length > MAX_TARGET) {
      return notFound(`The path and query are too long. The limit is ${MAX_TARGET} characters.`);
    }
    const segments = toSegments(request.target);
    const known = ofGateway.get(segments.join("/")) ?? ofGateway.get(`${segments.slice(0, -1).join("/")}/*`);
    if (known) {
      return answerMethod(request, new Map([["GET", known]]), undefined);
    }
    const found = findResource(segments);
    return found ? answerMethod(request, found.resource.methods, found.route) : nothingAt(segments);
  }

  function findResource(segments: readonly string[]): { resource: Resource; route: Route } | undefined {
    const named = segments[0] === "agents" ? parseAgent(segments[1] ?? "") : { id: undefined, major: undefined };
    const agent = named && (named.id === undefined ? edge.registry.default : edge.registry.find(named.id, named.major));
    if (!agent || !named) {
      return undefined;
    }
    const isNamed = named.id !== undefined;
    const start = isNamed ? 2 : 0;
    const agentPath = isNamed ? `/agents/${segments[1]}` : `/agents/${agent.id}`;
    for (const withTenant of [false, true]) {
      const at = start + Number(withTenant);
      const tenant = withTenant ? decodeSegment(segments[start] ?? "") : "";
      if (at > segments.length || (withTenant && (tenant === "" || isReserved(tenant)))) {
        continue;
      }
      for (const resource of ofAgent) {
        const parameters = matchTemplate(resource.template, segments, at);
        // Without this condition a tenant at the root would match every path with one segment.
        if (parameters && (isNamed || !withTenant || resource.template.segments.length > 0)) {
          return { resource, route: { agent, tenant, agentPath, parameters } };
        }
      }
    }
    return undefined;
  }
}

/** In characters. No valid path is longer; the longest query has a page token. */
const MAX_TARGET = 8_192;

/** `echo` or `echo@2`. */
function parseAgent(segment: string): { readonly id: string; readonly major: number | undefined } | undefined {
  const [, id, major] = /^([a-z0-9-]{1,63})(?:@(\d{1,6}))?$/.exec(segment) ?? [];
  return id === undefined ? undefined : { id, major: major === undefined ? undefined : Number(major) };
}

/** The paths of an agent with their handlers. Exported for tests that visit all of them. */
export function agentResources(edge: Edge): readonly Resource[] {
  const resources = new Map<string, Resource>();
  const on = (method: string, path: string, handler: Handler): void => {
    const resource = resources.get(path) ?? { template: parseTemplate(path), methods: new Map<string, Handler>() };
    resources.set(path, resource);
    resource.methods.set(method, handler);
  };
  on("POST", "/", (request, route) => answerJsonRpc(edge, route, request));
  for (const name of ["agent-card.json", "agent.json"]) {
    on("GET", `/.well-known/${name}`, (request, route) => answerCard(edge, route, request));
  }
  for (const operation of httpOperations) {
    on(operation.http, operation.path, (request, route) =>
      answerHttpJson(edge, route, request, operation, idsOf(route)),
    );
  }
  for (const operation of legacyOperations) {
    on(operation.http, operation.path, (request, route) =>
      answerLegacyRest(edge, route, request, operation, idsOf(route)),
    );
  }
  return [...resources.values()];
}

function idsOf({ parameters }: Route): { readonly taskId: string | undefined; readonly configId: string | undefined } {
  return { taskId: parameters["task"], configId: parameters["config"] };
}

function answerMethod(
  request: HttpRequest,
  methods: ReadonlyMap<string, Handler>,
  route: Route | undefined,
): HttpAnswer | Promise<HttpAnswer> {
  const { method } = request;
  const handler = methods.get(method === "HEAD" ? "GET" : method);
  if (handler) {
    const answered = handler(request, route as Route);
    return method === "HEAD" ? Promise.resolve(answered).then(withoutBody) : answered;
  }
  const allow = [...(methods.has("GET") ? ["HEAD"] : []), ...methods.keys(), "OPTIONS"].join(", ");
  return method === "OPTIONS" ? { status: 204, headers: { allow } } : methodNotAllowed(method, allow);
}

function withoutBody({ status, headers, body }: HttpAnswer): HttpAnswer {
  if (typeof body === "object") {
    body.leave();
  }
  return { status, headers };
}

function nothingAt(segments: readonly string[]): HttpAnswer {
  const path = `/${segments.join("/")}`;
  return notFound(`Nothing was found at ${path.slice(0, 200)}. GET /agents lists the agents that are served here.`);
}

import { AgentCard } from "@a2a-js/sdk";
import { Hono } from "hono";
import type { Context } from "hono";
import { cors } from "hono/cors";
import { TrieRouter } from "hono/router/trie-router";
import { toAgentCard } from "./cards/agent-card.ts";
import { toCardResponse } from "./cards/card-response.ts";
import { toCardSecurity } from "./cards/card-security.ts";
import { toCatalog } from "./cards/catalog.ts";
import type { Edge } from "./edge.ts";
import { admitCaller } from "./admission/admit-caller.ts";
import { answerHttpJson, httpOperations } from "./bindings/http-json.ts";
import type { HttpInput, HttpOperation } from "./bindings/http-json.ts";
import type { Target } from "./bindings/invoke.ts";
import { answerJsonRpc } from "./bindings/json-rpc.ts";
import { toLegacyCard, toUnversionedCard } from "./cards/legacy-agent-card.ts";
import { answerLegacyRest, legacyOperations } from "./bindings/legacy-rest.ts";
import { parseVersion } from "./request/protocol-version.ts";
import { isReserved } from "./request/tenant.ts";
import { toHttpError, toErrorHeaders } from "./bindings/wire-error.ts";
import { toMetadataPath, toProtectedResource } from "./cards/protected-resource.ts";
import { mayCall } from "../auth/access.ts";

type Handler = (c: Context) => Response | Promise<Response>;

/** Every path of the gateway, as a fetch function. */
export function createRoutes(edge: Edge): (request: Request) => Response | Promise<Response> {
  const app = new Hono({ router: new TrieRouter(), getPath: toPath });
  if (edge.corsOrigins.length > 0) {
    app.use(
      cors({
        origin: [...edge.corsOrigins],
        exposeHeaders: ["A2A-Extensions", "X-A2A-Extensions", "ETag", "Retry-After", "WWW-Authenticate"],
      }),
    );
  }
  const table = createRouteTable(edge);
  for (const [path, methods] of table) {
    for (const [method, handler] of methods) {
      app.on(method, path, handler);
    }
    const allow = [...(methods.has("GET") ? ["HEAD"] : []), ...methods.keys(), "OPTIONS"].join(", ");
    // `:cancel` and its like are paths of their own, so an unknown one is no task that refuses the method.
    const isUnknownVerb = (c: Context): boolean => path.endsWith("/:task") && /:[^/]*$/.test(c.req.path);
    app.all(path, (c) => (isUnknownVerb(c) ? c.notFound() : refuseMethod(c.req.method, allow)));
  }
  app.notFound(({ req }) =>
    toHttpError(404, `There is nothing at ${req.path.slice(0, 200)}. GET /agents lists what is served here.`),
  );
  app.onError((thrown) => {
    const error = edge.toWireError(thrown);
    const { "content-type": _ours, ...headers } = toErrorHeaders(error, "");
    return toHttpError(error.httpStatus, error.message, { details: error.details, headers });
  });

  const direct = edge.corsOrigins.length > 0 ? new Map<string, Target>() : toDirectRoutes(edge);
  return (request) => {
    const target = request.method === "POST" ? direct.get(toPath(request)) : undefined;
    return target ? answerJsonRpc(edge, target, request, (name) => toQuery(request, name)) : app.fetch(request);
  };
}

/** Handlers by method, by path in the router's notation. */
export type RouteTable = ReadonlyMap<string, ReadonlyMap<string, Handler>>;

export function createRouteTable(edge: Edge): RouteTable {
  const table = new Map<string, Map<string, Handler>>();
  const on = (method: string, path: string, handler: Handler): void => {
    const methods = table.get(path) ?? new Map<string, Handler>();
    table.set(path, methods.set(method, handler));
  };
  on("GET", "/livez", () => Response.json({ status: "ok" }));
  on("GET", "/readyz", async () =>
    (await edge.ready()) ? Response.json({ status: "ok" }) : Response.json({ status: "unavailable" }, { status: 503 }),
  );
  on("GET", "/agents", (c) => answerCatalog(edge, c));
  on("GET", "/agents/.well-known/agent-card.json", () => toHttpError(404, CARD_ADVICE));
  on("GET", JWKS_PATH, async () => Response.json({ keys: await edge.cardSigner.keys() }, { headers: KEYS_HEADERS }));
  on("GET", toMetadataPath(), (c) => answerMetadata(edge, c));
  on("GET", toMetadataPath(":agent"), (c) => answerMetadata(edge, c));
  for (const prefix of ["/agents/:agent{[a-z0-9-]+(?:@[0-9]+)?}", ""]) {
    addAgent(edge, on, prefix);
    addAgent(edge, on, `${prefix}/:tenant`);
  }
  return table;
}

/** JSON-RPC is most of the traffic and has few paths: it need not go through a router of hundreds of patterns. */
function toDirectRoutes(edge: Edge): Map<string, Target> {
  const agents = edge.registry.list().map((agent) => [`/agents/${agent.id}`, { agent, tenant: "" }] as const);
  return new Map([...agents, ["/", { agent: edge.registry.default, tenant: "" }]]);
}

function toQuery(request: Request, name: string): string | undefined {
  const { url } = request;
  return url.includes("?") ? (new URL(url).searchParams.get(name) ?? undefined) : undefined;
}

/** Public halves of what signs cards. */
export const JWKS_PATH = "/.well-known/jwks.json";
const KEYS_HEADERS = { "cache-control": "public, max-age=300" };

const CARD_ADVICE =
  "An agent's card is at /agents/{id}/.well-known/agent-card.json. Give the client the agent's URL with a slash at its end.";

function addAgent(edge: Edge, on: (method: string, path: string, handler: Handler) => void, prefix: string): void {
  const onAgent = (handler: (target: Target, c: Context) => Response | Promise<Response>): Handler => {
    return (c) => {
      const target = toTarget(edge, c);
      return target ? handler(target, c) : c.notFound();
    };
  };
  const card = onAgent((target, c) => answerCard(edge, target, c));
  on("GET", `${prefix}/.well-known/agent-card.json`, card);
  on("GET", `${prefix}/.well-known/agent.json`, card);
  for (const operation of httpOperations) {
    const handler = onAgent((target, c) => answerHttpJson(edge, target, c.req.raw, operation, toInput(c, operation)));
    on(operation.http, prefix + toPattern(operation.path), handler);
  }
  for (const operation of legacyOperations) {
    const handler = onAgent((target, c) => answerLegacyRest(edge, target, c.req.raw, operation, toInput(c, operation)));
    on(operation.http, prefix + toPattern(operation.path), handler);
  }
  // A tenant at the root would take every path with one segment.
  if (prefix !== "/:tenant") {
    const query = (c: Context) => (name: string) => c.req.query(name);
    on(
      "POST",
      prefix === "" ? "/" : prefix,
      onAgent((target, c) => answerJsonRpc(edge, target, c.req.raw, query(c))),
    );
  }
}

/** A custom method such as `:cancel` is the end of a segment, which the router takes for part of the id. */
function toPattern(path: string): string {
  return path.replace(/:task(:[a-z]+)?/, (_all, verb: string | undefined) => (verb ? `:task{[^/]+${verb}}` : ":task"));
}

function toInput(c: Context, operation: HttpOperation): HttpInput {
  const task = c.req.param("task");
  const verb = /:task(:[a-z]+)/.exec(operation.path)?.[1];
  return {
    taskId: verb ? task?.slice(0, -verb.length) : task,
    configId: c.req.param("config"),
    query: (name) => c.req.query(name),
  };
}

/** Undefined when there is no such agent, or the tenant is a name that no tenant may have. */
function toTarget(edge: Edge, c: Context): (Target & { readonly path: string }) | undefined {
  const [id, major] = (c.req.param("agent") ?? "").split("@");
  const agent = id ? edge.registry.find(id, major === undefined ? undefined : Number(major)) : edge.registry.default;
  const tenant = c.req.param("tenant") ?? "";
  if (!agent || isReserved(tenant)) {
    return undefined;
  }
  return { agent, tenant, path: `/agents/${id || agent.id}${major === undefined ? "" : `@${major}`}` };
}

async function answerCard(edge: Edge, target: Target & { readonly path?: string }, c: Context): Promise<Response> {
  const request = c.req.raw;
  const place = { baseUrl: edge.publicBaseUrl, path: target.path ?? "", tenant: target.tenant };
  const card = toAgentCard(target.agent, place, toCardSecurity(edge.issuers));
  const version = parseVersion(request.headers.get("a2a-version") ?? c.req.query("A2A-Version"));
  if (version !== "1.0") {
    return toCardResponse(request, version ? toLegacyCard(card) : toUnversionedCard(card), edge.startedAt);
  }
  const signed = AgentCard.toJSON(await edge.cardSigner.sign(card));
  return toCardResponse(request, signed, edge.startedAt, AgentCard.toJSON(card));
}

function answerMetadata(edge: Edge, c: Context): Response | Promise<Response> {
  const id = c.req.param("agent");
  // Without issuers nothing is protected.
  const isServed = edge.issuers.length > 0 && (id === undefined || edge.registry.find(id) !== undefined);
  return isServed ? Response.json(toProtectedResource(edge.issuers, edge.publicBaseUrl, id)) : c.notFound();
}

async function answerCatalog(edge: Edge, c: Context): Promise<Response> {
  const identity = await admitCaller(edge, c.req.raw);
  const agents = edge.registry.list().filter(({ id }) => mayCall(edge.access, id, identity));
  return Response.json(toCatalog(edge.registry, agents, edge.publicBaseUrl, (name) => c.req.query(name)));
}

function refuseMethod(method: string, allow: string): Response {
  if (method === "OPTIONS") {
    return new Response(null, { status: 204, headers: { allow } });
  }
  return toHttpError(405, `${method} is not possible here, only ${allow}.`, { headers: { allow } });
}

/** The path as the routes spell it: some clients encode `:` and `@`, and a slash at the end means nothing. */
function toPath(request: Request): string {
  const { url } = request;
  const start = url.indexOf("/", url.indexOf("://") + 3);
  const query = url.indexOf("?", start);
  const whole = url.slice(start, query === -1 ? undefined : query);
  // No client sends a fragment; who does means to be read differently by different servers.
  const path = whole.includes("#") ? whole.slice(0, whole.indexOf("#")) : whole;
  const trimmed = path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
  return trimmed.includes("%") ? trimmed.replace(/%(?:3a|40)/gi, (code) => decodeURIComponent(code)) : trimmed;
}

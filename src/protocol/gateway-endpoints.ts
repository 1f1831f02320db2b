import { mayCall } from "../auth/access.ts";
import { admitCaller } from "./admission/admit-caller.ts";
import { notFound } from "./bindings/wire-error.ts";
import { toCatalog } from "./cards/catalog.ts";
import { toMetadataPath, toProtectedResource } from "./cards/protected-resource.ts";
import type { Edge } from "./edge.ts";
import { jsonAnswer, queryOf } from "../ports/http-exchange.ts";
import type { HttpAnswer, HttpRequest } from "../ports/http-exchange.ts";
import { toSegments } from "./http/path.ts";

/** A path of the gateway itself, for GET requests. */
interface GatewayEndpoint {
  /** Without a leading slash. A final `*` stands for one segment. */
  readonly path: string;
  readonly answer: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;
}

/** Public keys that verify the signatures of cards. */
export const JWKS_PATH = "/.well-known/jwks.json";

/** Health checks, the list of agents, signing keys, and metadata for clients that have no token yet. */
export function gatewayEndpoints(edge: Edge): readonly GatewayEndpoint[] {
  return [
    { path: "livez", answer: () => jsonAnswer({ status: "ok" }) },
    { path: "readyz", answer: () => answerReadiness(edge) },
    { path: "agents", answer: (request) => answerCatalog(edge, request) },
    { path: "agents/.well-known/agent-card.json", answer: () => notFound(CARD_ADVICE) },
    { path: JWKS_PATH.slice(1), answer: () => answerKeys(edge) },
    { path: toMetadataPath().slice(1), answer: () => answerMetadata(edge, undefined) },
    {
      path: toMetadataPath("*").slice(1),
      answer: (request) => answerMetadata(edge, toSegments(request.target).at(-1)),
    },
  ];
}

const CARD_ADVICE =
  "An agent's card is at /agents/{id}/.well-known/agent-card.json. Configure the client with the agent's URL and a trailing slash.";

async function answerReadiness(edge: Edge): Promise<HttpAnswer> {
  const readiness = await edge.ready();
  return jsonAnswer(readiness, readiness.status === "unavailable" ? 503 : 200, { "cache-control": "no-store" });
}

async function answerKeys(edge: Edge): Promise<HttpAnswer> {
  return jsonAnswer({ keys: await edge.cardSigner.keys() }, 200, { "cache-control": "public, max-age=300" });
}

/** Protected resource metadata (RFC 9728). Without trusted issuers there are no protected resources. */
function answerMetadata(edge: Edge, agentId: string | undefined): HttpAnswer {
  const isServed = edge.issuers.length > 0 && (agentId === undefined || edge.registry.find(agentId) !== undefined);
  return isServed
    ? jsonAnswer(toProtectedResource(edge.issuers, edge.publicBaseUrl, agentId))
    : notFound("There is no protected resource with this path.");
}

async function answerCatalog(edge: Edge, request: HttpRequest): Promise<HttpAnswer> {
  const identity = await admitCaller(edge, request);
  const agents = edge.registry.list().filter(({ id }) => mayCall(edge.access, id, identity));
  return jsonAnswer(toCatalog(edge.registry, agents, edge.publicBaseUrl, (name) => queryOf(request, name)));
}

import { mayCall } from "../auth/access.ts";
import { admitCaller } from "./admission/admit-caller.ts";
import { notFound } from "./bindings/wire-error.ts";
import { toCatalog } from "./cards/catalog.ts";
import { toMetadataPath, toProtectedResource } from "./cards/protected-resource.ts";
import type { Edge } from "./edge.ts";
import { jsonAnswer, queryOf } from "../ports/http-exchange.ts";
import type { HttpAnswer, HttpRequest } from "../ports/http-exchange.ts";
import { toSegments } from "./http/path.ts";

/** A path of the gateway itself, which GET reads. */
interface GatewayEndpoint {
  /** Without a slash at its start. `*` stands for one segment at the end. */
  readonly path: string;
  readonly answer: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;
}

/** Public halves of what signs cards. */
export const JWKS_PATH = "/.well-known/jwks.json";

/** Health, the list of agents, and what clients need before they have a token. */
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
  "An agent's card is at /agents/{id}/.well-known/agent-card.json. Give the client the agent's URL with a slash at its end.";

async function answerReadiness(edge: Edge): Promise<HttpAnswer> {
  return (await edge.ready()) ? jsonAnswer({ status: "ok" }) : jsonAnswer({ status: "unavailable" }, 503);
}

async function answerKeys(edge: Edge): Promise<HttpAnswer> {
  return jsonAnswer({ keys: await edge.cardSigner.keys() }, 200, { "cache-control": "public, max-age=300" });
}

/** Protected resource metadata (RFC 9728). Without issuers nothing is protected. */
function answerMetadata(edge: Edge, agentId: string | undefined): HttpAnswer {
  const isServed = edge.issuers.length > 0 && (agentId === undefined || edge.registry.find(agentId) !== undefined);
  return isServed
    ? jsonAnswer(toProtectedResource(edge.issuers, edge.publicBaseUrl, agentId))
    : notFound("There is no protected resource of this name here.");
}

async function answerCatalog(edge: Edge, request: HttpRequest): Promise<HttpAnswer> {
  const identity = await admitCaller(edge, request);
  const agents = edge.registry.list().filter(({ id }) => mayCall(edge.access, id, identity));
  return jsonAnswer(toCatalog(edge.registry, agents, edge.publicBaseUrl, (name) => queryOf(request, name)));
}

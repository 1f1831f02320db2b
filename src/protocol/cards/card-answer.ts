import { AgentCard } from "@a2a-js/sdk";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Agent } from "../../ports/agent.ts";
import type { Edge } from "../edge.ts";
import { queryOf } from "../../ports/http-exchange.ts";
import type { HttpAnswer, HttpRequest } from "../../ports/http-exchange.ts";
import { parseVersion } from "../request/protocol-version.ts";
import { toAgentCard } from "./agent-card.ts";
import { toCardSecurity } from "./card-security.ts";
import { toLegacyCard, toUnversionedCard } from "./legacy-agent-card.ts";

/** Seconds that a client may use a cached card without revalidation. */
const MAX_AGE = 300;

/** The card that a path names. */
interface CardRoute {
  readonly agent: Agent;
  readonly agentPath: string;
  readonly tenant: string;
}

/** Answers with the card for the requested A2A version, or with one for both versions. @throws EdgeError `version` */
export async function answerCard(edge: Edge, place: CardRoute, request: HttpRequest): Promise<HttpAnswer> {
  const { agent, agentPath: path, tenant } = place;
  const card = toAgentCard(agent, { baseUrl: edge.publicBaseUrl, path, tenant }, toCardSecurity(edge.issuers));
  const version = parseVersion(request.header("a2a-version") ?? queryOf(request, "A2A-Version"));
  if (version !== "1.0") {
    return toCardAnswer(request, version ? toLegacyCard(card) : toUnversionedCard(card), edge.startedAt);
  }
  const signed = AgentCard.toJSON(await edge.cardSigner.sign(card));
  return toCardAnswer(request, signed, edge.startedAt, AgentCard.toJSON(card));
}

/**
 * A card with cache headers (specification 8.6), or 304 when the client's copy is current. `changedAt` in ms since
 * 1970. The ETag is computed from `unsigned`, because signatures of the same card differ between instances.
 */
function toCardAnswer(request: HttpRequest, card: unknown, changedAt: number, unsigned = card): HttpAnswer {
  const body = JSON.stringify(card);
  const etag = `"${bytesToHex(sha256(utf8ToBytes(JSON.stringify(unsigned)))).slice(0, 32)}"`;
  const headers = {
    etag,
    "last-modified": new Date(changedAt).toUTCString(),
    "cache-control": `public, max-age=${MAX_AGE}`,
    vary: "A2A-Version",
  };
  return isFresh(request, etag, changedAt)
    ? { status: 304, headers }
    : { status: 200, headers: { ...headers, "content-type": "application/json" }, body };
}

/** If-None-Match takes precedence over If-Modified-Since (RFC 9110, 13.1.3). */
function isFresh(request: HttpRequest, etag: string, changedAt: number): boolean {
  const known = request.header("if-none-match");
  if (known !== undefined) {
    return known.split(",").some((one) => one.trim() === "*" || one.trim().replace(/^W\//, "") === etag);
  }
  const since = Date.parse(request.header("if-modified-since") ?? "");
  return Math.floor(changedAt / 1_000) * 1_000 <= since;
}

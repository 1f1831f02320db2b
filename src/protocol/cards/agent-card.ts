import type { AgentCard, AgentSkill } from "@a2a-js/sdk";
import type { Agent } from "../../ports/agent.ts";
import type { CardSecurity } from "./card-security.ts";
import { declaredExtensions } from "../request/extensions.ts";

/** Where an agent is served: `{baseUrl}{path}`. */
export interface CardPlace {
  /** Without a slash at the end. */
  readonly baseUrl: string;
  /** `/agents/{id}` or `/agents/{id}@{major}`. */
  readonly path: string;
  /** `""` without one. */
  readonly tenant: string;
}

/** The Agent Card in its v1.0 form (specification 4.4.1). gRPC is not among the interfaces. */
export function toAgentCard(agent: Agent, { baseUrl, path, tenant }: CardPlace, security: CardSecurity): AgentCard {
  const { card } = agent;
  const url = baseUrl + path;
  // v0.3 knows no tenants: there the tenant is part of the URL.
  const legacyUrl = tenant === "" ? url : `${url}/${encodeURIComponent(tenant)}`;
  return {
    name: card.name,
    description: card.description,
    version: agent.version,
    supportedInterfaces: [
      { url, protocolBinding: "JSONRPC", protocolVersion: "1.0", tenant },
      { url, protocolBinding: "HTTP+JSON", protocolVersion: "1.0", tenant },
      { url: legacyUrl, protocolBinding: "JSONRPC", protocolVersion: "0.3", tenant: "" },
      { url: legacyUrl, protocolBinding: "HTTP+JSON", protocolVersion: "0.3", tenant: "" },
    ],
    provider: card.provider,
    documentationUrl: card.documentationUrl,
    iconUrl: card.iconUrl,
    capabilities: {
      streaming: true,
      pushNotifications: true,
      extendedAgentCard: card.extendedSkills !== undefined,
      extensions: [...declaredExtensions],
    },
    ...security,
    defaultInputModes: [...(card.defaultInputModes ?? ["text/plain"])],
    defaultOutputModes: [...(card.defaultOutputModes ?? ["text/plain"])],
    skills: card.skills.map(toSkill),
    signatures: [],
  };
}

/** What only callers with a token see (specification 3.1.11). */
export function toExtendedCard(agent: Agent, place: CardPlace, security: CardSecurity): AgentCard {
  const card = toAgentCard(agent, place, security);
  return { ...card, skills: [...card.skills, ...(agent.card.extendedSkills ?? []).map(toSkill)] };
}

function toSkill(skill: Agent["card"]["skills"][number]): AgentSkill {
  return { examples: [], inputModes: [], outputModes: [], securityRequirements: [], ...skill };
}

import type { AgentCard, AgentSkill } from "@a2a-js/sdk";
import type { Agent } from "../../ports/agent.ts";
import type { CardSecurity } from "./card-security.ts";
import { declaredExtensions } from "../request/extensions.ts";

/** Where an agent is served: `{baseUrl}{path}`. */
export interface CardPlace {
  /** Without a trailing slash. */
  readonly baseUrl: string;
  /** `/agents/{id}` or `/agents/{id}@{major}`. */
  readonly path: string;
  /** `""` when there is none. */
  readonly tenant: string;
}

/** The Agent Card in 1.0 form (specification 4.4.1). It has no gRPC interface. */
export function toAgentCard(agent: Agent, { baseUrl, path, tenant }: CardPlace, security: CardSecurity): AgentCard {
  const { card } = agent;
  const url = baseUrl + path;
  // A2A 0.3 has no tenants, so there the tenant is part of the URL.
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

/** The card for authenticated callers (specification 3.1.11). */
export function toExtendedCard(agent: Agent, place: CardPlace, security: CardSecurity): AgentCard {
  const card = toAgentCard(agent, place, security);
  return { ...card, skills: [...card.skills, ...(agent.card.extendedSkills ?? []).map(toSkill)] };
}

function toSkill(skill: Agent["card"]["skills"][number]): AgentSkill {
  return { examples: [], inputModes: [], outputModes: [], securityRequirements: [], ...skill };
}

import { AgentCard } from "@a2a-js/sdk";

/**
 * The card for a client that names no version. No client of 0.3 names one, and most clients of 1.0 do not when they get
 * a card. It is the card of 0.3 with the members of 1.0 added.
 */
export function toUnversionedCard(card: AgentCard): Record<string, unknown> {
  const legacy = toLegacyCard(card);
  const { securitySchemes } = AgentCard.toJSON(card) as Record<string, unknown>;
  return {
    ...legacy,
    capabilities: { ...(legacy["capabilities"] as object), extendedAgentCard: card.capabilities?.extendedAgentCard },
    ...(card.securityRequirements.length > 0 && {
      // With empty lists, which ProtoJSON may omit: one client requires them.
      securityRequirements: card.securityRequirements,
      securitySchemes: mergeEach(securitySchemes, legacy["securitySchemes"]),
    }),
  };
}

/** The card in 0.3 form, together with the interfaces of 1.0. */
export function toLegacyCard(card: AgentCard): Record<string, unknown> {
  const [first, ...others] = card.supportedInterfaces.filter(({ protocolVersion }) => protocolVersion === "0.3");
  const { supportedInterfaces, provider, documentationUrl, iconUrl, defaultInputModes, defaultOutputModes } =
    AgentCard.toJSON(card) as Record<string, unknown>;
  return {
    protocolVersion: "0.3.0",
    name: card.name,
    description: card.description,
    version: card.version,
    url: first?.url,
    preferredTransport: first?.protocolBinding,
    additionalInterfaces: others.map(({ url, protocolBinding }) => ({ url, transport: protocolBinding })),
    supportedInterfaces,
    provider,
    documentationUrl,
    iconUrl,
    capabilities: {
      streaming: card.capabilities?.streaming,
      pushNotifications: card.capabilities?.pushNotifications,
      extensions: card.capabilities?.extensions,
    },
    ...(card.securityRequirements.length > 0 && toLegacySecurity(card)),
    supportsAuthenticatedExtendedCard: card.capabilities?.extendedAgentCard,
    defaultInputModes,
    defaultOutputModes,
    skills: card.skills.map(({ id, name, description, tags, examples, inputModes, outputModes }) => ({
      id,
      name,
      description,
      tags,
      ...(examples.length > 0 && { examples }),
      ...(inputModes.length > 0 && { inputModes }),
      ...(outputModes.length > 0 && { outputModes }),
    })),
  };
}

/** Security in the form of OpenAPI: a scheme has a `type`, and a requirement maps scheme names to scopes. */
function toLegacySecurity({ securitySchemes, securityRequirements }: AgentCard): Record<string, unknown> {
  const schemes = Object.entries(securitySchemes).map(([name, { scheme }]) => {
    switch (scheme?.$case) {
      case "openIdConnectSecurityScheme": {
        const { description, openIdConnectUrl } = scheme.value;
        return [name, { type: "openIdConnect", description, openIdConnectUrl }] as const;
      }
      case "oauth2SecurityScheme": {
        const { description, flows } = scheme.value;
        const flow = flows?.flow?.$case === "clientCredentials" ? flows.flow.value : undefined;
        const clientCredentials = flow && { tokenUrl: flow.tokenUrl, scopes: flow.scopes };
        return [name, { type: "oauth2", description, flows: { clientCredentials } }] as const;
      }
      default:
        throw new Error(`security scheme ${name}: its type is not supported in cards of A2A 0.3`);
    }
  });
  const security = securityRequirements.map((one) =>
    Object.fromEntries(Object.entries(one.schemes).map(([name, { list }]) => [name, list])),
  );
  return { securitySchemes: Object.fromEntries(schemes), security };
}

function mergeEach(schemes: unknown, legacy: unknown): Record<string, unknown> {
  const others = legacy as Record<string, object>;
  return Object.fromEntries(
    Object.entries(schemes as Record<string, object>).map(([name, scheme]) => [name, { ...others[name], ...scheme }]),
  );
}

import { AgentCard } from "@a2a-js/sdk";

/**
 * The card as A2A 0.3 has it, with the 1.0 interfaces embedded: a client of both versions that asked without naming
 * one finds them there.
 */
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

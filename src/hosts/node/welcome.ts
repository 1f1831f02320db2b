import type { GatewayDefinition } from "../../agents/define-gateway.ts";

export interface Welcome {
  readonly url: string;
  readonly definition: GatewayDefinition;
  /** Where tasks are kept. */
  readonly place: string;
  readonly pid: number;
}

/** What a person needs to know once the gateway answers. */
export function toWelcome({ url, definition, place, pid }: Welcome): string {
  const send = url === DEFAULT_URL ? "npm run send --" : `npm run send -- --url ${url}`;
  return `
The gateway is ready on ${url}

  agents  ${url}/agents
${definition.agents.map(({ id }) => `  card    ${url}/agents/${id}/.well-known/agent-card.json`).join("\n")}
  tasks   ${place}
  end     Ctrl+C, or kill ${pid}

In another terminal:

  ${send} samples/warehouse-energy.csv
`;
}

/** Where the sample client looks by itself. */
const DEFAULT_URL = "http://127.0.0.1:7071";

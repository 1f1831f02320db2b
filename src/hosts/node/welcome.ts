import type { GatewayDefinition } from "../../agents/define-gateway.ts";

export interface Welcome {
  readonly url: string;
  readonly definition: GatewayDefinition;
  /** Where tasks are stored. */
  readonly place: string;
  readonly pid: number;
}

/** The text that `npm start` prints when the gateway is ready. */
export function toWelcome({ url, definition, place, pid }: Welcome): string {
  const send = url === DEFAULT_URL ? "npm run send --" : `npm run send -- --url ${url}`;
  return `
The gateway is ready at ${url}

  agents  ${url}/agents
${definition.agents.map(({ id }) => `  card    ${url}/agents/${id}/.well-known/agent-card.json`).join("\n")}
  tasks   ${place}
  stop    Ctrl+C, or kill ${pid}

In another terminal:

  ${send} samples/warehouse-energy.csv
`;
}

/** The default of the sample client. */
const DEFAULT_URL = "http://127.0.0.1:7071";

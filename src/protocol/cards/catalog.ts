import type { AgentRegistry } from "../../ports/agent-registry.ts";
import type { Agent } from "../../ports/agent.ts";
import { invalid } from "../../tasks/task-fault.ts";

export interface Catalog {
  readonly agents: readonly {
    readonly id: string;
    readonly majors: readonly number[];
    readonly url: string;
    readonly card: string;
  }[];
  /** `""` on the last page. */
  readonly nextPageToken: string;
}

const DEFAULT_PAGE_SIZE = 100;

/**
 * One page of `agents`, the agents that the caller may call, in the order of the configuration. A page token is the id
 * of the next page's first agent. @throws TaskError `invalid`
 */
export function toCatalog(
  registry: AgentRegistry,
  agents: readonly Agent[],
  baseUrl: string,
  query: (name: string) => string | undefined,
): Catalog {
  const size = query("pageSize") ?? String(DEFAULT_PAGE_SIZE);
  if (!/^(?:[1-9]\d?|100)$/.test(size)) {
    throw invalid("pageSize", "must be an integer from 1 to 100");
  }
  const token = query("pageToken") ?? "";
  const start = token === "" ? 0 : agents.findIndex(({ id }) => id === token);
  if (start === -1) {
    throw invalid("pageToken", "is not valid for this list; omit it to start from the first page");
  }
  const end = start + Number(size);
  return {
    agents: agents.slice(start, end).map(({ id }) => {
      const url = `${baseUrl}/agents/${id}`;
      return { id, majors: registry.majors(id), url, card: `${url}/.well-known/agent-card.json` };
    }),
    nextPageToken: agents[end]?.id ?? "",
  };
}

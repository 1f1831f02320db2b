import type { PushMessage, WorkMessage } from "./ports/work-queue.ts";
import { createEdge } from "./protocol/edge.ts";
import type { EdgeParts } from "./protocol/edge.ts";
import type { HttpAnswer, HttpRequest } from "./ports/http-exchange.ts";
import { fromFetchRequest, toFetchResponse } from "./protocol/http/fetch-api.ts";
import type { ExecutionContext } from "./protocol/http/fetch-api.ts";
import { createRoutes } from "./protocol/routes.ts";
import type { DurableEngine } from "./tasks/engine.ts";

export interface GatewayParts extends EdgeParts {
  readonly engine: DurableEngine;
  /** Tells webhooks what they have not heard of yet. */
  deliver(message: PushMessage): Promise<void>;
}

/** The gateway without a host: whatever has HTTP requests, queue messages and a timer can run it. */
export interface Gateway {
  /** Answers any request, for hosts that send answers themselves. Never rejects. */
  answer(request: HttpRequest): HttpAnswer | Promise<HttpAnswer>;
  /** The same by the Fetch API's objects. `execution` is for hosts that may end with the response what still runs. */
  fetch(request: Request, execution?: ExecutionContext): Promise<Response>;
  /** A message from the work queue. Rejects when it should come again later. */
  work(message: WorkMessage): Promise<void>;
  readonly sweep: DurableEngine["sweep"];
  readonly purge: DurableEngine["purge"];
  /** Takes no new work, gives running turns `grace` ms to end, then ends streams and hands over what still runs. */
  close(grace?: number): Promise<void>;
}

export function createGateway(parts: GatewayParts): Gateway {
  const edge = createEdge(parts);
  const answer = createRoutes(edge);
  return {
    answer,
    fetch: async (request, execution) => toFetchResponse(await answer(fromFetchRequest(request, execution))),
    async work(message) {
      await (message.kind === "turn" ? parts.engine.work(message) : parts.deliver(message));
    },
    sweep: () => parts.engine.sweep(),
    purge: (which) => parts.engine.purge(which),
    async close(grace = 0) {
      await parts.engine.settle(grace);
      edge.eventStreams.close();
      await parts.engine.close();
    },
  };
}

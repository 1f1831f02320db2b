import type { PushMessage, WorkMessage } from "./ports/work-queue.ts";
import { createEdge } from "./protocol/edge.ts";
import type { EdgeParts } from "./protocol/edge.ts";
import type { HttpAnswer, HttpRequest } from "./ports/http-exchange.ts";
import { fromFetchRequest, toFetchResponse } from "./protocol/http/fetch-api.ts";
import type { ExecutionContext } from "./protocol/http/fetch-api.ts";
import { createRoutes } from "./protocol/routes.ts";
import type { DurableEngine } from "./tasks/engine.ts";
import type { Upkeep } from "./tasks/upkeep/upkeep.ts";

export interface GatewayParts extends EdgeParts {
  readonly engine: DurableEngine;
  readonly upkeep: Upkeep;
  /** Delivers the events that a webhook lacks. */
  deliver(message: PushMessage): Promise<void>;
}

/** The gateway without a host. A host passes it HTTP requests, queue messages and timer ticks. */
export interface Gateway {
  /** Answers any request, for hosts that send answers themselves. Never rejects. */
  answer(request: HttpRequest): HttpAnswer | Promise<HttpAnswer>;
  /** The same with Fetch API objects. `execution` is for hosts that may end with the response what still runs. */
  fetch(request: Request, execution?: ExecutionContext): Promise<Response>;
  /** Handles a message from the work queue. Rejects if the message should be delivered again later. */
  work(message: WorkMessage): Promise<void>;
  /** One round of the sweep and one of retention, for a host with a timer. Never rejects. */
  sweep(): Promise<void>;
  /** Sweeps every `every` ms, for a host without a timer. */
  startSweeping(every: number): void;
  readonly purge: DurableEngine["purge"];
  /**
   * Accepts no new work and stops the sweep, waits `grace` ms for running turns, then ends streams and hands over the
   * remaining turns. Resolves although a store may not answer.
   */
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
    sweep: () => parts.upkeep.run(),
    startSweeping: (every) => parts.upkeep.start(every),
    purge: (which) => parts.engine.purge(which),
    async close(grace = 0) {
      parts.upkeep.stop();
      await parts.engine.settle(grace);
      edge.eventStreams.close();
      await parts.engine.close();
    },
  };
}

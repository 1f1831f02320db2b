import type { PushMessage, WorkMessage } from "./ports/work-queue.ts";
import { createEdge } from "./protocol/edge.ts";
import type { ExecutionContext, EdgeParts } from "./protocol/edge.ts";
import { createRoutes } from "./protocol/routes.ts";
import type { DurableEngine } from "./tasks/engine.ts";

export interface GatewayParts extends EdgeParts {
  readonly engine: DurableEngine;
  /** Delivers the events that a webhook lacks. */
  deliver(message: PushMessage): Promise<void>;
}

/** The gateway without a host. A host passes it HTTP requests, queue messages and timer ticks. */
export interface Gateway {
  /** Answers any request; never rejects. `execution` is for hosts that may end with the response what still runs. */
  fetch(request: Request, execution?: ExecutionContext): Response | Promise<Response>;
  /** Handles a message from the work queue. Rejects if the message should be delivered again later. */
  work(message: WorkMessage): Promise<void>;
  readonly sweep: DurableEngine["sweep"];
  readonly purge: DurableEngine["purge"];
  /** Accepts no new work, waits `grace` ms for running turns, then ends streams and hands over the remaining turns. */
  close(grace?: number): Promise<void>;
}

export function createGateway(parts: GatewayParts): Gateway {
  const edge = createEdge(parts);
  const routes = createRoutes(edge);
  return {
    fetch(request, execution) {
      if (execution) {
        edge.attendants.set(request, execution);
      }
      return routes(request);
    },
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

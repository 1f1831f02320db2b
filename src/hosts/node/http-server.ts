import { createServer } from "node:http";
import type { Server } from "node:http";
import { getRequestListener } from "@hono/node-server";

type Fetch = (request: Request) => Response | Promise<Response>;

/** How long a client may take, in ms, so that no half-open request stays. */
export interface RequestTimes {
  readonly headers: number;
  /** The whole request, its body included. */
  readonly request: number;
  /** How often that is looked at. */
  readonly check: number;
}

export interface HttpServer {
  readonly server: Server;
  readonly answerWith: (fetch: Fetch) => void;
}

const TIMES: RequestTimes = { headers: 15_000, request: 120_000, check: 5_000 };
/** Longer than load balancers keep an idle connection: the side that closes first must not be this one. */
const KEEP_ALIVE = 75_000;

/** An HTTP server that answers 503 until it is told what to answer with. */
export function createHttpServer({ headers, request, check }: RequestTimes = TIMES): HttpServer {
  let answer: Fetch = () => new Response("starting\n", { status: 503, headers: { "retry-after": "1" } });
  const listener = getRequestListener((incoming) => answer(incoming));
  const server = createServer(
    {
      headersTimeout: headers,
      requestTimeout: request,
      connectionsCheckingInterval: check,
      keepAliveTimeout: KEEP_ALIVE,
    },
    (incoming, outgoing) => void listener(incoming, outgoing),
  );
  return {
    server,
    answerWith: (fetch) => {
      answer = fetch;
    },
  };
}

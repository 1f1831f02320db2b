import { createServer } from "node:http";
import type { Server } from "node:http";
import { getRequestListener } from "@hono/node-server";

type Fetch = (request: Request) => Response | Promise<Response>;

/** How long a client may take, in ms, so that no half-open request stays. */
export interface RequestTimes {
  readonly headers: number;
  /** The whole request, its body included. */
  readonly request: number;
}

export interface HttpServer {
  readonly server: Server;
  readonly answerWith: (fetch: Fetch) => void;
}

/** How often connections are looked at, at least, in ms. */
const CHECK = 5_000;
/** Longer than load balancers keep an idle connection: the side that closes first must not be this one. */
const KEEP_ALIVE = 75_000;

/** An HTTP server that answers 503 until it is told what to answer with. */
export function createHttpServer({ headers, request }: RequestTimes): HttpServer {
  let answer: Fetch = () => new Response("starting\n", { status: 503, headers: { "retry-after": "1" } });
  const listener = getRequestListener((incoming) => answer(incoming));
  const server = createServer(
    {
      headersTimeout: headers,
      requestTimeout: request,
      connectionsCheckingInterval: Math.min(CHECK, Math.ceil(headers / 3)),
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

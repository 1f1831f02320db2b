import { createServer } from "node:http";
import type { Server } from "node:http";
import { getRequestListener } from "@hono/node-server";

type Fetch = (request: Request) => Response | Promise<Response>;

/** How long a client may take, in ms, so that incomplete requests do not stay open. */
export interface RequestTimes {
  readonly headers: number;
  /** The whole request including its body. */
  readonly request: number;
}

export interface HttpServer {
  readonly server: Server;
  readonly answerWith: (fetch: Fetch) => void;
}

/** Longest interval between two checks of open connections, in ms. */
const CHECK = 5_000;
/** In ms. Longer than load balancers keep idle connections: this side must not close first. */
const KEEP_ALIVE = 75_000;

/** An HTTP server that answers 503 until `answerWith` is called. */
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

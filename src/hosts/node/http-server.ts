import { createServer } from "node:http";
import type { Server } from "node:http";
import { getRequestListener } from "@hono/node-server";

type Fetch = (request: Request) => Response | Promise<Response>;

/** A client may take this long to send its headers, and a whole request, in ms: no half-open request stays. */
const HEADERS_TIMEOUT = 15_000;
const REQUEST_TIMEOUT = 120_000;

/** An HTTP server that answers 503 until it is told what to use. */
export function createHttpServer(): { readonly server: Server; use(fetch: Fetch): void } {
  let answer: Fetch = () => new Response("starting\n", { status: 503, headers: { "retry-after": "1" } });
  const server = createServer(
    { headersTimeout: HEADERS_TIMEOUT, requestTimeout: REQUEST_TIMEOUT, keepAliveTimeout: 75_000 },
    getRequestListener((request) => answer(request), { overrideGlobalObjects: false }),
  );
  return {
    server,
    use(fetch) {
      answer = fetch;
    },
  };
}

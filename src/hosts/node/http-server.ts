import { createServer } from "node:http";
import type { Server } from "node:http";
import type { HttpAnswer, HttpRequest } from "../../ports/http-exchange.ts";
import { answerIncoming } from "./http-exchange.ts";

type Answer = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;

/** How long a client may take, in ms, so that incomplete requests do not stay open. */
export interface RequestTimes {
  readonly headers: number;
  /** The whole request including its body. */
  readonly request: number;
}

export interface HttpServer {
  readonly server: Server;
  readonly answerWith: (answer: Answer) => void;
}

/** Longest interval between two checks of open connections, in ms. */
const CHECK = 5_000;
/** In ms. Longer than load balancers keep idle connections: this side must not close first. */
const KEEP_ALIVE = 75_000;

const STARTING: HttpAnswer = {
  status: 503,
  headers: { "content-type": "text/plain", "retry-after": "1" },
  body: "starting\n",
};

const NO_HOST: HttpAnswer = {
  status: 400,
  headers: { "content-type": "text/plain", connection: "close" },
  body: "The header Host is missing.\n",
};

/** An HTTP server that answers 503 until `answerWith` is called. */
export function createHttpServer({ headers, request }: RequestTimes): HttpServer {
  let answer: Answer = () => STARTING;
  const server = createServer(
    {
      headersTimeout: headers,
      requestTimeout: request,
      connectionsCheckingInterval: Math.min(CHECK, Math.ceil(headers / 3)),
      keepAliveTimeout: KEEP_ALIVE,
      // Health probes of HTTP/1.0 send no Host. Those of HTTP/1.1 must (RFC 9112, 3.2), which Node.js asks of both.
      requireHostHeader: false,
    },
    (incoming, outgoing) => {
      const lacksHost = incoming.httpVersion === "1.1" && incoming.headers.host === undefined;
      void answerIncoming((exchange) => (lacksHost ? NO_HOST : answer(exchange)), incoming, outgoing);
    },
  );
  return {
    server,
    answerWith: (next) => {
      answer = next;
    },
  };
}

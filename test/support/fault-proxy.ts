import { once } from "node:events";
import { Agent, createServer, request } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/**
 * What happens to one request instead of an answer.
 * - `cut-before`: the connection breaks, and the target does not receive the request.
 * - `cut-after`: the target has answered, then the connection breaks.
 * - `unavailable`: 503, and the target does not receive the request.
 * - `hang`: the target has answered, and the client receives nothing.
 * - `stall`: the target has answered, and the body stops after its first byte.
 * - `black-hole`: the target never hears of it, and nothing comes back.
 * - `truncate`: the target has answered, and the connection breaks in the middle of the body.
 * - `retryAfter`: this status with Retry-After in s, and the target never hears of it.
 * - `trickle`: the body comes in pieces, this many ms apart.
 */
export type Fault =
  | "cut-before"
  | "cut-after"
  | "unavailable"
  | "hang"
  | "stall"
  | "black-hole"
  | "truncate"
  | { readonly delay: number }
  | { readonly status: number; readonly retryAfter: number }
  | { readonly trickle: number };

export interface FaultProxy {
  readonly port: number;
  /** `METHOD path` of every request that arrived, including retries. */
  readonly requests: string[];
  /** Applies one fault to each of the next requests. */
  inject(...faults: Fault[]): void;
  /** Applies a fault to every request (`METHOD path`) from now on, besides injected ones; none without an argument. */
  misbehave(choose?: (request: string) => Fault | undefined): void;
  /** Refuses connections, and breaks those that are open, until `accept`. */
  refuse(): void;
  accept(): Promise<void>;
  /** Clears the recorded requests and the injected faults that were not used. */
  reset(): void;
  close(): Promise<void>;
}

/** An HTTP proxy in front of a local server. */
export async function startFaultProxy(target: number): Promise<FaultProxy> {
  const agent = new Agent({ keepAlive: true });
  const requests: string[] = [];
  const faults: Fault[] = [];
  let choose = (_request: string): Fault | undefined => undefined;
  const server = createServer((incoming, answer) => {
    const name = `${incoming.method} ${incoming.url}`;
    requests.push(name);
    const fault = faults.shift() ?? choose(name);
    if (fault === "cut-before") {
      incoming.socket.destroy();
    } else if (fault === "unavailable") {
      answer.writeHead(503).end();
    } else if (fault === "black-hole") {
      incoming.resume();
    } else if (typeof fault === "object" && "status" in fault) {
      answer.writeHead(fault.status, { "retry-after": String(fault.retryAfter) }).end();
    } else if (typeof fault === "object" && "delay" in fault) {
      setTimeout(() => forward(incoming, answer, undefined), fault.delay);
    } else {
      forward(incoming, answer, fault);
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");

  const { port } = server.address() as AddressInfo;
  return {
    port,
    requests,
    inject: (...more) => void faults.push(...more),
    misbehave(chosen = () => undefined) {
      choose = chosen;
    },
    refuse() {
      server.close();
      server.closeAllConnections();
    },
    async accept() {
      if (!server.listening) {
        await once(server.listen(port, "127.0.0.1"), "listening");
      }
    },
    reset() {
      requests.length = 0;
      faults.length = 0;
    },
    async close() {
      server.closeAllConnections();
      agent.destroy();
      if (server.listening) {
        server.close();
        await once(server, "close");
      }
    },
  };

  function forward(incoming: IncomingMessage, answer: ServerResponse, fault: Fault | undefined): void {
    const { method, url, headers } = incoming;
    const outgoing = request({ agent, host: "127.0.0.1", port: target, method, path: url, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("end", () => reply(response, Buffer.concat(chunks)));
    });
    outgoing.once("error", () => answer.destroy());
    incoming.pipe(outgoing);

    function reply(response: IncomingMessage, body: Buffer): void {
      if (fault === "cut-after") {
        answer.destroy();
      } else if (fault !== "hang") {
        answer.writeHead(response.statusCode ?? 502, response.rawHeaders);
        if (fault === "stall") {
          answer.write(body.subarray(0, 1));
        } else if (fault === "truncate") {
          answer.write(body.subarray(0, body.byteLength / 2), () => answer.destroy());
        } else if (typeof fault === "object" && "trickle" in fault) {
          void trickle(answer, body, fault.trickle);
        } else {
          answer.end(body);
        }
      }
    }
  }
}

const PIECES = 8;

async function trickle(answer: ServerResponse, body: Buffer, pause: number): Promise<void> {
  const size = Math.ceil(body.byteLength / PIECES);
  for (let at = 0; at < body.byteLength; at += size) {
    answer.write(body.subarray(at, at + size));
    await delay(pause);
  }
  answer.end();
}

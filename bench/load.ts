import { connect } from "node:net";
import type { Socket } from "node:net";

export interface Load {
  readonly requestsPerSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/**
 * Sends the same request over `connections` kept-alive connections, one at a time each, for `seconds`. Raw sockets:
 * the generator shares the machine with the server, so it has to be cheap. @throws at the first answer that is not 200.
 */
export async function load(
  url: string,
  head: Record<string, string>,
  body: string,
  connections: number,
  seconds: number,
): Promise<Load> {
  const { hostname, port, pathname } = new URL(url);
  const headers = {
    host: `${hostname}:${port}`,
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(body)),
    ...head,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = Buffer.from(`POST ${pathname} HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
  const times: number[] = [];
  const end = performance.now() + seconds * 1_000;
  const started = performance.now();
  await Promise.all(Array.from({ length: connections }, () => drive(hostname, Number(port), request, end, times)));
  const elapsed = (performance.now() - started) / 1_000;
  times.sort((one, other) => one - other);
  return { requestsPerSecond: times.length / elapsed, p50: at(times, 0.5), p99: at(times, 0.99) };
}

export function at(sorted: readonly number[], fraction: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
}

function drive(host: string, port: number, request: Buffer, end: number, times: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host);
    let sent = 0;
    let pending = "";
    socket.setNoDelay(true);
    socket.on("connect", send);
    socket.on("error", reject);
    socket.on("data", (chunk: Buffer) => {
      pending += chunk.toString("latin1");
      if (!isWhole(pending)) {
        return;
      }
      if (!pending.startsWith("HTTP/1.1 200")) {
        reject(new Error(`unexpected answer: ${pending.slice(0, 500)}`));
        socket.destroy();
        return;
      }
      times.push(performance.now() - sent);
      pending = "";
      if (performance.now() >= end) {
        finish(socket, resolve);
      } else {
        send();
      }
    });

    function send(): void {
      sent = performance.now();
      socket.write(request);
    }
  });
}

function isWhole(response: string): boolean {
  const body = response.indexOf("\r\n\r\n");
  if (body < 0) {
    return false;
  }
  const length = /content-length: (\d+)/i.exec(response.slice(0, body))?.[1];
  return length === undefined ? response.endsWith("0\r\n\r\n") : response.length >= body + 4 + Number(length);
}

function finish(socket: Socket, resolve: () => void): void {
  socket.end();
  resolve();
}

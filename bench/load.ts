import { connect } from "node:net";
import { createAnswerReader } from "./answer-reader.ts";
import { within } from "./within.ts";

export interface Load {
  readonly url: string;
  readonly connections: number;
  /** The request with this number, including its head. */
  readonly request: (number: number) => string;
  /** Text that a correct answer contains. A JSON-RPC error also has status 200. */
  readonly expected: string;
  readonly until: { readonly seconds: number } | { readonly answers: number };
}

export interface Measured {
  readonly answers: number;
  readonly perSecond: number;
  /** Times from a request to the end of its answer, in ms. */
  readonly p50: number;
  readonly p99: number;
  /** Share of the time that this generator used a core. Near 1 it limits the rate. */
  readonly generator: number;
}

/** How long to wait for the last answers, in ms. */
const LAST_ANSWERS = 15_000;
const MANY_ANSWERS = 120_000;

/**
 * Sends requests over keep-alive connections. Each connection sends its next request when the answer has ended. Uses
 * raw sockets, because the generator shares the machine with the server. @throws Error at the first wrong answer
 */
export async function load({ url, connections, request, expected, until }: Load): Promise<Measured> {
  const { hostname, port } = new URL(url);
  const times: number[] = [];
  const cpu = process.cpuUsage();
  const started = performance.now();
  const end = "seconds" in until ? started + until.seconds * 1_000 : Infinity;
  const most = "answers" in until ? until.answers : Infinity;
  let sent = 0;
  const next = (): string | undefined => {
    if (sent >= most || performance.now() >= end) return undefined;
    sent += 1;
    return request(sent);
  };
  const connected = Array.from({ length: connections }, () => drive(hostname, Number(port), next, expected, times));
  const patience = "seconds" in until ? until.seconds * 1_000 + LAST_ANSWERS : MANY_ANSWERS;
  const missing = (): string => `the end of ${sent - times.length} answers of ${url} (of ${sent})`;
  await within(patience, missing, Promise.all(connected));
  const elapsed = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  times.sort((one, other) => one - other);
  return {
    answers: times.length,
    perSecond: (times.length / elapsed) * 1_000,
    p50: at(times, 0.5),
    p99: at(times, 0.99),
    generator: (user + system) / 1_000 / elapsed,
  };
}

export function at(sorted: readonly number[], fraction: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
}

function drive(
  host: string,
  port: number,
  next: () => string | undefined,
  expected: string,
  times: number[],
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host).setNoDelay(true);
    const answer = createAnswerReader();
    let sent = 0;
    socket.on("connect", send);
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`${host}:${port} closed a connection before the end of an answer`)));
    socket.on("data", (bytes) => {
      try {
        if (!answer.push(bytes)) return;
        times.push(performance.now() - sent);
        const whole = answer.take();
        if (!whole.includes(expected)) throw new Error(`no ${expected} in ${whole.toString("utf8", 0, 1_000)}`);
        send();
      } catch (error) {
        reject(error);
        socket.destroy();
      }
    });

    function send(): void {
      const request = next();
      if (request === undefined) {
        resolve();
        socket.destroy();
        return;
      }
      sent = performance.now();
      socket.write(request);
    }
  });
}

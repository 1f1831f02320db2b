import { Agent, createServer, request } from "node:http";
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from "node:http";
import type { WorkerProcess } from "./worker-process.ts";

const HOP_BY_HOP = ["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "host"];

/**
 * The HTTP side of the Functions host, with its habits: what a client names `Headers` replaces the headers in the
 * trigger's metadata, its own `x-ms-invocation-id` stays, `%2F` is encoded again, nothing leaves before the first byte
 * of a body, a client that leaves takes the connection to the worker with it, an answer ends when its invocation does,
 * and a chunked body that is answered before its end becomes an empty 500.
 */
export function createProxy(worker: Promise<WorkerProcess>): Server {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  return createServer({ requestTimeout: 0 }, (incoming, outgoing) => {
    handle(worker, agent, incoming, outgoing).catch(() => {
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(500).end();
    });
  });
}

async function handle(
  ready: Promise<WorkerProcess>,
  agent: Agent,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const worker = await ready;
  const target = worker.functions.find(({ trigger }) => {
    const methods = trigger["methods"] as readonly string[] | undefined;
    return trigger.type === "httpTrigger" && methods?.includes(incoming.method ?? "");
  });
  if (target?.trigger["route"] !== "{*path}") {
    outgoing.writeHead(404).end();
    return;
  }
  // A body of known length is read before the function is called.
  const body = incoming.headers["content-length"] === undefined ? undefined : await read(incoming);
  const { id, ended } = worker.invoke(target.name, { http: {} }, toMetadata(incoming, body));
  const forwarding = forward(worker, agent, incoming, outgoing, body, id);
  // A break in the middle of an answer reaches the client at once.
  forwarding.catch(() => outgoing.headersSent && outgoing.destroy());
  const [forwarded] = await Promise.allSettled([forwarding, ended]);
  if (forwarded.status === "rejected") throw forwarded.reason;
  // A client that counts the bytes of an answer has it already; one that reads a stream waits until here.
  outgoing.end();
}

async function forward(
  worker: WorkerProcess,
  agent: Agent,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  body: Buffer | undefined,
  id: string,
): Promise<void> {
  for (;;) {
    const upstream = request({
      host: "127.0.0.1",
      port: worker.httpUri.port,
      method: incoming.method,
      path: (incoming.url ?? "/").replace(/^[^?]*/, (path) => path.replaceAll(/%2f/gi, "%252F")),
      headers: toWorkerHeaders(incoming, id),
      agent,
    });
    const isStreamed = incoming.headers["transfer-encoding"] !== undefined;
    try {
      return await exchange(upstream, incoming, outgoing, isStreamed ? incoming : body);
    } catch (error) {
      // A connection that the worker closed while it was idle: the request goes out again.
      if (!upstream.reusedSocket || isStreamed || outgoing.headersSent) throw error;
    }
  }
}

function exchange(
  upstream: ClientRequest,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  body: IncomingMessage | Buffer | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    outgoing.once("close", () => {
      if (!outgoing.writableFinished) upstream.destroy();
      resolve();
    });
    upstream.on("error", reject);
    upstream.once("response", (answer) => {
      // A body of known length may be refused before its end, and the worker may hang up.
      upstream.off("error", reject).on("error", () => {});
      if (body === incoming && !upstream.writableFinished) {
        incoming.unpipe(upstream).resume();
        upstream.destroy();
        reject(new Error("The worker answered before the body had ended."));
        return;
      }
      const begin = (): void => {
        if (!outgoing.headersSent) outgoing.writeHead(answer.statusCode ?? 500, withoutHops(answer.headers));
      };
      answer.on("data", (chunk: Buffer) => {
        begin();
        if (!outgoing.write(chunk)) {
          answer.pause();
          outgoing.once("drain", () => answer.resume());
        }
      });
      answer.once("end", () => {
        begin();
        outgoing.flushHeaders();
        if (!upstream.writableFinished) upstream.destroy();
        resolve();
      });
      answer.once("error", reject);
    });
    if (body === incoming) incoming.pipe(upstream);
    else upstream.end(body as Buffer | undefined);
  });
}

function toWorkerHeaders(incoming: IncomingMessage, id: string): OutgoingHttpHeaders {
  return {
    "x-ms-invocation-id": id,
    ...withoutHops(incoming.headers),
    "x-forwarded-host": incoming.headers.host,
    "x-forwarded-proto": "http",
  };
}

function withoutHops(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name)));
}

/** TypedData of the scalar JSON members of a body and of `headers`, then of the query, then of the headers unless taken. */
function toMetadata(incoming: IncomingMessage, body: Buffer | undefined): Record<string, object> {
  const { searchParams } = new URL(incoming.url ?? "/", "http://host");
  const given = { ...toMembers(body), ...Object.fromEntries(searchParams) };
  const isTaken = Object.keys(given).some((name) => name.toLowerCase() === "headers");
  const all = isTaken ? given : { ...given, Headers: JSON.stringify(incoming.headers) };
  return Object.fromEntries(
    Object.entries(all).map(([name, value]) => [name, /^\s*[{[]/.test(value) ? { json: value } : { string: value }]),
  );
}

function toMembers(body: Buffer | undefined): Record<string, string> {
  try {
    const json: unknown = JSON.parse(body?.toString() ?? "");
    const members = Object.entries(typeof json === "object" && json !== null && !Array.isArray(json) ? json : {});
    const shown = members.filter(([name, value]) => typeof value !== "object" || name.toLowerCase() === "headers");
    return Object.fromEntries(
      shown.map(([name, value]) => [name, typeof value === "object" ? JSON.stringify(value) : String(value)]),
    );
  } catch {
    return {};
  }
}

async function read(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

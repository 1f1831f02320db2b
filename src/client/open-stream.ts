import { StreamResponse } from "@a2a-js/sdk";
import type { Clock } from "../ports/clock.ts";
import { DurableStreamError, Interruption } from "./durable-stream-error.ts";
import { createEventParser } from "./event-parser.ts";

const DURABLE_EXTENSION = "urn:a2a-azure-gateway:durable:v1";

/** How a client connects to servers. */
export interface Wire {
  readonly fetch: typeof fetch;
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly clock: Pick<Clock, "monotonic" | "after">;
}

export interface Operation {
  readonly method: "SendStreamingMessage" | "SubscribeToTask";
  readonly params: object;
  readonly lastEventId?: number;
}

export interface OpenStream {
  /** Whether the server activated the extension. */
  readonly isDurable: boolean;
  readonly events: AsyncGenerator<StreamEvent, void, undefined>;
  /** The last `retry:` of the server, in ms. */
  readonly retry: number;
}

interface StreamEvent {
  /** Absent in a piece of an event that ends with a later piece, in a Message, and without the extension. */
  readonly generation: number | undefined;
  readonly response: StreamResponse;
}

/** Three heartbeats, in ms (docs/extensions/durable-v1.md, 2.5): a connection without a byte for longer is broken. */
const SILENCE = 45_000;

/** Statuses of gateways and instances that may recover soon. */
const PASSING = new Set([408, 429, 502, 503, 504]);

/**
 * Calls a streaming method of an agent over JSON-RPC. Aborting `abort` ends it.
 * @throws Interruption if another attempt may succeed, DurableStreamError `refused`
 */
export async function openStream(
  wire: Wire,
  url: string,
  { method, params, lastEventId }: Operation,
  abort: AbortController,
): Promise<OpenStream> {
  const headers = new Headers(wire.headers);
  headers.set("content-type", "application/json");
  headers.set("a2a-version", "1.0");
  headers.set("a2a-extensions", DURABLE_EXTENSION);
  if (lastEventId !== undefined) {
    headers.set("last-event-id", String(lastEventId));
  }
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const response = await request(wire, url, { method: "POST", headers, body }, abort);
  if (!response.body || !response.headers.get("content-type")?.startsWith("text/event-stream")) {
    throw toRefusal(response.status, await readText(wire, response, abort));
  }
  const parser = createEventParser();
  return {
    isDurable: namesExtension(response.headers.get("a2a-extensions")),
    events: readEvents(wire, response.body, parser, abort),
    get retry() {
      return parser.retry ?? 0;
    },
  };
}

/** Whether the agent's card declares the extension. @throws Interruption */
export async function declaresExtension(wire: Wire, url: string, abort: AbortController): Promise<boolean> {
  const headers = new Headers(wire.headers);
  headers.set("a2a-version", "1.0");
  const response = await request(wire, `${url}/.well-known/agent-card.json`, { headers }, abort);
  const card = toJson(await readText(wire, response, abort)) as Card | undefined;
  return card?.capabilities?.extensions?.some(({ uri }) => uri === DURABLE_EXTENSION) ?? false;
}

/** Fetches, and turns temporary refusals into interruptions. */
async function request(wire: Wire, url: string, init: RequestInit, abort: AbortController): Promise<Response> {
  let response: Response;
  try {
    response = await alive(wire, abort, () => wire.fetch(url, { ...init, signal: abort.signal }));
  } catch (error) {
    throw new Interruption(`${url} does not answer`, { cause: error });
  }
  if (PASSING.has(response.status)) {
    await response.body?.cancel();
    const retryAfter = parseRetryAfter(response.headers.get("retry-after"));
    throw new Interruption(`${url} answered with status ${response.status}`, { retryAfter });
  }
  return response;
}

async function* readEvents(
  wire: Wire,
  body: ReadableStream<Uint8Array>,
  parser: ReturnType<typeof createEventParser>,
  abort: AbortController,
): AsyncGenerator<StreamEvent, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await alive(wire, abort, () => reader.read()).catch((error: unknown) => {
        throw new Interruption("The connection broke", { cause: error });
      });
      if (done) {
        return;
      }
      for (const { id, data } of parser.push(decoder.decode(value, { stream: true }))) {
        const { result, error } = JSON.parse(data) as { result?: unknown; error?: RpcError };
        if (error) {
          throw toFailure(error);
        }
        const generation = id !== undefined && /^\d+$/.test(id) ? Number(id) : undefined;
        yield { generation, response: StreamResponse.fromJSON(result) };
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** Runs a request, and aborts the connection if the server sends nothing in time. */
async function alive<T>({ clock }: Wire, abort: AbortController, run: () => Promise<T>): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(abort.signal.reason);
  const disarm = clock.after(SILENCE, () => abort.abort(new Error(`the server sent nothing for ${SILENCE / 1_000} s`)));
  abort.signal.addEventListener("abort", stop, { once: true });
  try {
    abort.signal.throwIfAborted();
    return await Promise.race([run(), aborted]);
  } finally {
    disarm();
    abort.signal.removeEventListener("abort", stop);
  }
}

async function readText(wire: Wire, response: Response, abort: AbortController): Promise<string> {
  try {
    return await alive(wire, abort, () => response.text());
  } catch (error) {
    throw new Interruption("The connection broke", { cause: error });
  }
}

/** The fields of both versions that are needed here. */
interface Card {
  readonly capabilities?: { readonly extensions?: readonly { readonly uri?: unknown }[] };
}

interface RpcError {
  readonly code: number;
  readonly message: string;
}

/** JSON-RPC's InternalError. */
const INTERNAL = -32603;

function toRefusal(status: number, text: string): DurableStreamError {
  const answer = toJson(text) as { jsonrpc?: unknown; error?: RpcError } | undefined;
  const rpcCode = answer?.jsonrpc === "2.0" ? answer.error?.code : undefined;
  const message = answer?.error?.message ?? `The server answered with status ${status} instead of a stream.`;
  return new DurableStreamError({ code: "refused", status, rpcCode }, message);
}

/** Undefined for what is not JSON: there is no A2A server at that URL. */
function toJson(text: string): unknown {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}

/** An internal error in an accepted stream is one of this instance; another instance may continue. */
function toFailure({ code, message }: RpcError): Error {
  return code === INTERNAL
    ? new Interruption(message)
    : new DurableStreamError({ code: "refused", status: 200, rpcCode: code }, message);
}

function namesExtension(header: string | null): boolean {
  return header?.split(",").some((uri) => uri.trim() === DURABLE_EXTENSION) ?? false;
}

/** Seconds, or a date (RFC 9110, 10.2.3), in ms from now. */
function parseRetryAfter(header: string | null): number {
  const ms = header === null ? 0 : /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? 0 : Math.max(0, ms);
}

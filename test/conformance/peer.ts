import { checkedFetch } from "./checked-fetch.ts";
import type { ErrorName } from "./error-table.ts";
import type { Answer, JsonObject } from "./json.ts";
import { toHttp } from "./operations.ts";
import type { OperationName } from "./operations.ts";
import { readSse } from "./sse.ts";
import type { Host } from "./target.ts";
import { toHttpError, toRefusal, toRpcError } from "./wire-error.ts";

export const bindings = ["JSONRPC", "HTTP+JSON"] as const;

export type Binding = (typeof bindings)[number];

/** Calls one agent over one binding of A2A v1.0, with nothing between a test and the wire but the schemas. */
export interface Peer {
  readonly binding: Binding;
  /** The operation's answer. Rejects with a WireError when it is refused. */
  call(operation: OperationName, params?: JsonObject): Promise<Answer>;
  /** The operation's events, once it is accepted. Rejects with a WireError when it is refused. */
  open(operation: OperationName, params: JsonObject, signal?: AbortSignal): Promise<EventStream>;
  /** The named error as this binding spells it, for `rejects.toMatchObject`. */
  refusal(name: ErrorName): object;
}

export interface StreamEvent {
  /** The `id:` line. */
  readonly id: number;
  /** A StreamResponse. */
  readonly value: Answer;
}

export interface EventStream {
  readonly response: Response;
  /** The next event. Rejects at the end of the stream. */
  next(): Promise<StreamEvent>;
  /** Every event that is left, to the end. */
  rest(): Promise<StreamEvent[]>;
  close(): Promise<void>;
}

/** `more` are headers of every request. */
export function createPeer(binding: Binding, host: Host, agent: string, more: Record<string, string> = {}): Peer {
  const isRpc = binding === "JSONRPC";

  async function send(operation: OperationName, params: JsonObject, signal?: AbortSignal): Promise<Response> {
    const { method, path, body } = isRpc
      ? { method: "POST", path: "", body: JSON.stringify({ jsonrpc: "2.0", id: "1", method: operation, params }) }
      : toHttp(operation, params);
    const headers = new Headers({ "a2a-version": "1.0", ...more });
    if (body !== undefined) headers.set("content-type", isRpc ? "application/json" : "application/a2a+json");
    return checkedFetch(`${host.url}/agents/${agent}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      ...(signal ? { signal } : {}),
    });
  }

  async function readAnswer(response: Response): Promise<Answer> {
    const answer: Answer = response.status === 204 ? {} : await response.json();
    if (isRpc && answer.error !== undefined) throw toRpcError(response.status, answer.error);
    if (!response.ok) throw toHttpError(response.status, answer.error);
    return isRpc ? answer.result : answer;
  }

  return {
    binding,
    call: async (operation, params = {}) => readAnswer(await send(operation, params)),
    async open(operation, params, signal) {
      const response = await send(operation, params, signal);
      if (!response.headers.get("content-type")?.startsWith("text/event-stream") || response.body === null) {
        throw new Error(`not a stream: ${JSON.stringify(await readAnswer(response))}`);
      }
      return createEventStream(response, response.body, isRpc);
    },
    refusal: (name) => toRefusal(binding, name),
  };
}

function createEventStream(response: Response, body: ReadableStream<Uint8Array>, isRpc: boolean): EventStream {
  const events = readEvents(body, isRpc);
  return {
    response,
    async next() {
      const { value } = await events.next();
      if (!value) throw new Error("the stream ended");
      return value;
    },
    async rest() {
      const left: StreamEvent[] = [];
      for await (const event of events) left.push(event);
      return left;
    },
    close: async () => {
      await events.return();
    },
  };
}

async function* readEvents(
  body: ReadableStream<Uint8Array>,
  isRpc: boolean,
): AsyncGenerator<StreamEvent, void, undefined> {
  for await (const { id, event, data } of readSse(body)) {
    if (data === undefined) continue;
    const value: Answer = JSON.parse(data);
    if (isRpc && value.error !== undefined) throw toRpcError(200, value.error);
    if (event === "error") throw toHttpError(value.error?.code, value.error);
    yield { id: Number(id), value: isRpc ? value.result : value };
  }
}

import { StreamResponse } from "@a2a-js/sdk";

const URI = "urn:a2a-azure-gateway:durable:v1";

/** What happens to one request instead of a whole answer. */
export type Fault =
  /** The connection breaks before the server hears of it, or after it did and before its answer. */
  | "unheard"
  | "unanswered"
  /** Nothing comes after the first comment, and the connection stays. */
  | "silent"
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: object }
  /** The connection breaks after so many bytes of the answer. */
  | { readonly cut: number }
  /** The stream ends in order after so many events. */
  | { readonly end: number; readonly retry?: number };

interface Seen {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly messageId: string | undefined;
}

interface Script {
  readonly script: readonly Fault[];
  /** Whether it has the extension, and whether its card says so. */
  readonly durable: boolean;
  readonly declared: boolean;
  readonly grown: number;
}

/** ProtoJSON of an event, or of the pieces that it comes in. */
type Logged = object | readonly object[];

/**
 * A server of one task whose log is given, as the extension wants it. `script` says what happens to its requests, one
 * each; the rest goes well. `grown` is how far the log has grown when a send is repeated.
 */
export function createScriptedServer(log: readonly Logged[], given: Partial<Script> = {}) {
  const { script = [], durable = true, declared = durable, grown = log.length } = given;
  const requests: Seen[] = [];
  const keys = new Set<string>();
  const faults = [...script];
  let tasks = 0;

  return {
    requests,
    /** Tasks that sends have created. */
    get tasks() {
      return tasks;
    },
    fetch: async (input: unknown, init: RequestInit = {}): Promise<Response> => {
      const url = String(input);
      const headers = new Headers(init.headers);
      const { method, params } = typeof init.body === "string" ? JSON.parse(init.body) : { method: "card" };
      requests.push({ url, method, headers, messageId: params?.message?.messageId });
      init.signal?.throwIfAborted();
      const fault = faults.shift();
      if (fault === "unheard") throw new TypeError("fetch failed");
      if (typeof fault === "object" && "status" in fault) {
        return Response.json(fault.body ?? {}, { status: fault.status, headers: fault.headers ?? {} });
      }
      if (method === "card") {
        return Response.json({ capabilities: { extensions: declared ? [{ uri: URI }] : [] } });
      }
      const text = method === "SubscribeToTask" ? replay(headers) : take(params.message.messageId);
      if (fault === "unanswered") throw new TypeError("fetch failed");
      return new Response(toBody(text, fault, init.signal), {
        headers: { "content-type": "text/event-stream", ...(durable && { "a2a-extensions": URI }) },
      });
    },
  };

  function take(messageId: string): string[] {
    if (durable && keys.has(messageId)) {
      const { task } = log[0] as { task: object };
      return [toEvent(grown, { task: { ...task, status: { state: stateAt(grown) } } }), ...after(grown)];
    }
    keys.add(messageId);
    tasks += 1;
    return after(0);
  }

  function replay(headers: Headers): string[] {
    return after(Number(headers.get("last-event-id")));
  }

  function after(generation: number): string[] {
    return log.slice(generation).map((logged, at) => toEvent(generation + at + 1, ...[logged].flat()));
  }

  function stateAt(generation: number): string {
    const states = log.slice(0, generation).flatMap((logged) => {
      const { task, statusUpdate } = logged as { task?: Status; statusUpdate?: Status };
      return task?.status.state ?? statusUpdate?.status.state ?? [];
    });
    return states.at(-1) ?? "";
  }

  /** Only the last piece has the id. */
  function toEvent(generation: number, ...pieces: object[]): string {
    return pieces
      .map((piece, at) => {
        const id = durable && at === pieces.length - 1 && !("message" in piece) ? `id: ${generation}\n` : "";
        const result = StreamResponse.toJSON(StreamResponse.fromJSON(piece));
        return `${id}data: ${JSON.stringify({ jsonrpc: "2.0", id: 1, result })}\n\n`;
      })
      .join("");
  }
}

interface Status {
  readonly status: { readonly state: string };
}

function toBody(events: readonly string[], fault: Fault | undefined, signal: AbortSignal | null | undefined) {
  const shown = typeof fault === "object" && "end" in fault ? events.slice(0, fault.end) : events;
  const retry = typeof fault === "object" && "retry" in fault ? `retry: ${fault.retry}\n\n` : "";
  const bytes = new TextEncoder().encode(`:\n\n${fault === "silent" ? "" : shown.join("") + retry}`);
  const cut = typeof fault === "object" && "cut" in fault ? fault.cut : undefined;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < (cut ?? bytes.length); at += 100) {
        controller.enqueue(bytes.subarray(at, Math.min(at + 100, cut ?? bytes.length)));
      }
      if (cut !== undefined && cut < bytes.length) {
        // Erring would drop what was enqueued: the break comes after it.
        setImmediate(() => controller.error(new TypeError("terminated")));
      } else if (fault === "silent") {
        signal?.addEventListener("abort", () => controller.error(signal.reason));
      } else {
        controller.close();
      }
    },
  });
}

/** Time that moves on by itself to the next timer once nothing else happens. */
export function createEagerClock() {
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  let now = 0;
  let isRunning = false;
  return {
    monotonic: () => now,
    after(ms: number, run: () => void) {
      const timer = { at: now + ms, run };
      timers.add(timer);
      if (!isRunning) {
        isRunning = true;
        void pump();
      }
      return () => void timers.delete(timer);
    },
  };

  async function pump(): Promise<void> {
    while (timers.size > 0) {
      const size = timers.size;
      for (let round = 0; round < 8; round += 1) await new Promise((resolve) => void setImmediate(resolve));
      const [next] = [...timers].toSorted((one, other) => one.at - other.at);
      if (next && timers.size === size) {
        timers.delete(next);
        now = Math.max(now, next.at);
        next.run();
      }
    }
    isRunning = false;
  }
}

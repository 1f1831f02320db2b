import type { Clock } from "../ports/clock.ts";
import type { EdgeCall } from "./call-context.ts";

/** All in ms. */
export interface StreamTimes {
  /** A comment goes out this often, so that nothing between here and the client takes the connection for dead. */
  readonly heartbeat: number;
  /** A stream without events ends after this; the task goes on, and the client may subscribe again. */
  readonly idleTimeout: number;
  readonly maxDuration: number;
}

/** How one binding writes events: the JSON that becomes `data`. */
export interface Frames<T> {
  event(event: T): unknown;
  error(error: unknown): unknown;
}

export interface EventStreams {
  /**
   * The response begins once the first event is there. @throws what `events` throws before it: a refusal is an
   * ordinary error. What it throws later becomes one `error` event.
   */
  open<T>(events: AsyncGenerator<T>, call: EdgeCall, abort: AbortController, frames: Frames<T>): Promise<Response>;
  /** Ends every stream with a hint to come back soon. */
  close(): void;
}

const HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

/** One timer serves all streams, and a stream keeps nothing that it has already sent: thousands may be idle. */
export function createEventStreams(clock: Clock, times: StreamTimes): EventStreams {
  const streams = new Set<EventStream>();
  let beating = false;

  return {
    async open(events, call, abort, frames) {
      const first = await events.next();
      const stream = new EventStream(events, call, abort, frames, clock, streams);
      // Without a buffer of its own: the next event is asked for when the client has taken the last one.
      const body = new ReadableStream<Uint8Array>(stream, { highWaterMark: 0 });
      streams.add(stream);
      stream.begin(first);
      if (!beating && streams.size > 0) {
        beating = true;
        clock.after(times.heartbeat, beat);
      }
      return new Response(body, { headers: HEADERS });
    },
    close() {
      for (const stream of streams) {
        stream.end("retry: 1000\n\n");
      }
    },
  };

  function beat(): void {
    const now = clock.monotonic();
    for (const stream of streams) {
      if (now - stream.openedAt >= times.maxDuration || now - stream.activeAt >= times.idleTimeout) {
        stream.end();
      } else {
        stream.beat();
      }
    }
    beating = streams.size > 0;
    if (beating) {
      clock.after(times.heartbeat, beat);
    }
  }
}

const encoder = new TextEncoder();
const HEARTBEAT = encoder.encode(":\n\n");

/** The source of one response's body. */
class EventStream {
  readonly openedAt: number;
  activeAt: number;
  readonly #events: AsyncGenerator<unknown>;
  readonly #call: EdgeCall;
  readonly #abort: AbortController;
  readonly #frames: Frames<unknown>;
  readonly #clock: Clock;
  readonly #open: Set<EventStream>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(
    events: AsyncGenerator<unknown>,
    call: EdgeCall,
    abort: AbortController,
    frames: Frames<unknown>,
    clock: Clock,
    open: Set<EventStream>,
  ) {
    this.#events = events;
    this.#call = call;
    this.#abort = abort;
    this.#frames = frames;
    this.#clock = clock;
    this.#open = open;
    this.openedAt = clock.monotonic();
    this.activeAt = this.openedAt;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
  }

  begin(first: IteratorResult<unknown, unknown>): void {
    this.#controller?.enqueue(HEARTBEAT);
    this.#take(first);
  }

  async pull(): Promise<void> {
    try {
      this.#take(await this.#events.next());
    } catch (error) {
      if (this.#open.has(this)) {
        this.end(`event: error\ndata: ${JSON.stringify(this.#frames.error(error))}\n\n`);
      }
    }
  }

  cancel(): void {
    this.#open.delete(this);
    this.#leave();
  }

  beat(): void {
    // A client that is slow already has something to read.
    if ((this.#controller?.desiredSize ?? -1) >= 0) {
      this.#controller?.enqueue(HEARTBEAT);
    }
  }

  end(lastWords = ""): void {
    this.#open.delete(this);
    if (lastWords !== "") {
      this.#controller?.enqueue(encoder.encode(lastWords));
    }
    this.#controller?.close();
    this.#leave();
  }

  #take(next: IteratorResult<unknown, unknown>): void {
    if (!this.#open.has(this)) {
      return;
    }
    if (next.done) {
      this.end();
      return;
    }
    this.activeAt = this.#clock.monotonic();
    const { generation } = this.#call;
    const id = generation > 0 ? `id: ${generation}\n` : "";
    this.#controller?.enqueue(encoder.encode(`${id}data: ${JSON.stringify(this.#frames.event(next.value))}\n\n`));
  }

  /** The engine may be waiting for the next event: the signal wakes it, and then it returns. */
  #leave(): void {
    this.#abort.abort();
    this.#events.return(undefined).catch(() => {});
  }
}

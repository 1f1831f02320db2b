import type { Clock } from "../../ports/clock.ts";
import { TaskError } from "../../tasks/task-fault.ts";
import type { EdgeCall } from "../call-context.ts";
import { createTicker } from "./ticker.ts";
import type { Ticker, Ticking } from "./ticker.ts";

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

/** A stream that may begin. */
export interface AdmittedStream {
  readonly call: EdgeCall;
  readonly abort: AbortController;
  /** When its caller's credentials end, in ms since the epoch; absent where they do not. */
  readonly until: number | undefined;
  /** Called once after the response has begun, when it ends. */
  onEnd(): void;
}

export interface EventStreams {
  /** @throws TaskError `busy` when as many streams are open as may be, before any work is done for one more. */
  admit(): void;
  /**
   * The response begins once the first event is there. @throws what `events` throws before it: a refusal is an
   * ordinary error. What it throws later becomes one `error` event.
   */
  open<T>(events: AsyncGenerator<T>, stream: AdmittedStream, frames: Frames<T>): Promise<Response>;
  /** Ends every stream with a hint to come back soon. */
  close(): void;
}

const HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

/** One timer serves all streams, and a stream keeps nothing that it has already sent: thousands may be idle. */
export function createEventStreams(clock: Clock, times: StreamTimes, maxStreams: number): EventStreams {
  const ticker = createTicker(clock, times.heartbeat);

  return {
    admit() {
      if (ticker.all.size >= maxStreams) {
        throw new TaskError({
          code: "busy",
          message: "This instance serves as many streams as it may.",
          retryAfter: 5,
        });
      }
    },
    async open(events, admitted, frames) {
      const first = await events.next();
      const stream = new EventStream(events, admitted, frames, clock, times, ticker);
      // Without a buffer of its own: the next event is asked for when the client has taken the last one.
      const body = new ReadableStream<Uint8Array>(stream, { highWaterMark: 0 });
      ticker.add(stream);
      stream.begin(first);
      return new Response(body, { headers: HEADERS });
    },
    close() {
      for (const stream of ticker.all as ReadonlySet<EventStream>) {
        stream.end("retry: 1000\n\n");
      }
    },
  };
}

const encoder = new TextEncoder();
const HEARTBEAT = encoder.encode(":\n\n");

/** The source of one response's body. */
class EventStream implements Ticking {
  readonly #events: AsyncGenerator;
  readonly #admitted: AdmittedStream;
  readonly #frames: Frames<unknown>;
  readonly #clock: Clock;
  readonly #times: StreamTimes;
  readonly #ticker: Ticker;
  readonly #openedAt: number;
  #activeAt: number;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(
    events: AsyncGenerator,
    admitted: AdmittedStream,
    frames: Frames<unknown>,
    clock: Clock,
    times: StreamTimes,
    ticker: Ticker,
  ) {
    this.#events = events;
    this.#admitted = admitted;
    this.#frames = frames;
    this.#clock = clock;
    this.#times = times;
    this.#ticker = ticker;
    this.#openedAt = clock.monotonic();
    this.#activeAt = this.#openedAt;
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
      if (this.#ticker.all.has(this)) {
        this.end(`event: error\ndata: ${JSON.stringify(this.#frames.error(error))}\n\n`);
      }
    }
  }

  cancel(): void {
    this.#ticker.remove(this);
    this.#leave();
  }

  tick(now: number): void {
    const { maxDuration, idleTimeout } = this.#times;
    if (now - this.#openedAt >= maxDuration || now - this.#activeAt >= idleTimeout || this.#isExpired()) {
      this.end();
      // A client that is slow already has something to read.
    } else if ((this.#controller?.desiredSize ?? -1) >= 0) {
      this.#controller?.enqueue(HEARTBEAT);
    }
  }

  end(lastWords = ""): void {
    this.#ticker.remove(this);
    if (lastWords !== "") {
      this.#controller?.enqueue(encoder.encode(lastWords));
    }
    this.#controller?.close();
    this.#leave();
  }

  #take(next: IteratorResult<unknown, unknown>): void {
    if (!this.#ticker.all.has(this)) {
      return;
    }
    if (next.done || this.#isExpired()) {
      this.end();
      return;
    }
    this.#activeAt = this.#clock.monotonic();
    const { generation } = this.#admitted.call;
    const id = generation > 0 ? `id: ${generation}\n` : "";
    this.#controller?.enqueue(encoder.encode(`${id}data: ${JSON.stringify(this.#frames.event(next.value))}\n\n`));
  }

  /** Who could not open it now may not read on: the task goes on, and a new token opens a new stream. */
  #isExpired(): boolean {
    const { until } = this.#admitted;
    return until !== undefined && this.#clock.now() >= until;
  }

  /** The engine may be waiting for the next event: the signal wakes it, and then it returns. */
  #leave(): void {
    this.#admitted.onEnd();
    this.#admitted.abort.abort();
    this.#events.return(undefined).catch(() => {});
  }
}

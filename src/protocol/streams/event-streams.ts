import type { Identity } from "../../auth/identity.ts";
import type { Clock } from "../../ports/clock.ts";
import { TaskError } from "../../tasks/task-fault.ts";
import type { CallerLimits } from "../admission/caller-limits.ts";
import type { ClientSink, StreamedBody } from "../../ports/http-exchange.ts";
import { createTicker } from "./ticker.ts";
import type { Ticker, Ticking } from "./ticker.ts";

/** Times in ms. */
export interface StreamLimits {
  /** A comment goes out this often, so that nothing between here and the client takes the connection for dead. */
  readonly heartbeat: number;
  /** A stream without events ends after this; the task goes on, and the client may subscribe again. */
  readonly idleTimeout: number;
  readonly maxDuration: number;
  /** Streams open at once on this instance. */
  readonly maxStreams: number;
  /** Bytes of one SSE event. */
  readonly maxEvent: number;
}

/** One SSE event before it is framed. */
export interface WireEvent {
  /** The event's place in the task's log, its `id`; 0 for a piece that is not the event's last, or has no place. */
  readonly generation: number;
  /** JSON text for `data`. */
  readonly json: string;
}

/** What a stream sends. `return` is called where it is not read to its end. */
export interface WireEvents {
  next(): Promise<IteratorResult<WireEvent, undefined>>;
  return(): Promise<unknown>;
}

/** A place for one stream, from its admission on. */
interface StreamSlot {
  /** When its caller's credentials end, in ms since the epoch; absent where they do not. */
  readonly until: number | undefined;
  /** Gives the place back. May be repeated. */
  release(): void;
}

export interface EventStreams {
  /**
   * Takes a place before any work is done for the stream.
   * @throws TaskError `busy` when this instance, or the caller, has as many streams open as it may
   */
  admit(identity: Identity): StreamSlot;
  /** The body of a stream that was accepted: it opens at once, whether or not there is an event yet. */
  open(events: WireEvents, slot: StreamSlot, toErrorJson: (error: unknown) => string): StreamedBody;
  /** Ends every stream with a hint to come back soon. */
  close(): void;
}

export const SSE_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

/** One timer serves all streams, and a stream keeps nothing that it has already sent: thousands may be idle. */
export function createEventStreams(clock: Clock, limits: StreamLimits, callers: CallerLimits): EventStreams {
  const ticker = createTicker(clock, limits.heartbeat);
  const streams = new Set<EventStream>();
  let open = 0;

  return {
    admit(identity) {
      if (open >= limits.maxStreams) {
        const message = `This instance has ${limits.maxStreams} streams open, which is its limit. Retry later.`;
        throw new TaskError({ code: "busy", message, retryAfter: 5 });
      }
      const releaseCaller = callers.openStream(identity);
      let isHeld = true;
      open += 1;
      return {
        until: identity.expiresAt,
        release() {
          if (isHeld) {
            isHeld = false;
            open -= 1;
            releaseCaller();
          }
        },
      };
    },
    open(events, slot, toErrorJson) {
      const stream = new EventStream(events, slot, toErrorJson, clock, limits, ticker, streams);
      streams.add(stream);
      return stream;
    },
    close() {
      for (const stream of streams) {
        stream.end("retry: 1000\n\n");
      }
    },
  };
}

/** A comment of one line: an empty line behind it would end an event, which older clients then dispatch empty. */
const COMMENT = ":\n";

class EventStream implements StreamedBody, Ticking {
  readonly #events: WireEvents;
  readonly #slot: StreamSlot;
  readonly #toErrorJson: (error: unknown) => string;
  readonly #clock: Clock;
  readonly #limits: StreamLimits;
  readonly #ticker: Ticker;
  readonly #streams: Set<EventStream>;
  readonly #openedAt: number;
  #activeAt: number;
  #client: ClientSink | undefined;

  constructor(
    events: WireEvents,
    slot: StreamSlot,
    toErrorJson: (error: unknown) => string,
    clock: Clock,
    limits: StreamLimits,
    ticker: Ticker,
    streams: Set<EventStream>,
  ) {
    this.#events = events;
    this.#slot = slot;
    this.#toErrorJson = toErrorJson;
    this.#clock = clock;
    this.#limits = limits;
    this.#ticker = ticker;
    this.#streams = streams;
    this.#openedAt = clock.monotonic();
    this.#activeAt = this.#openedAt;
  }

  sendTo(client: ClientSink): void {
    this.#client = client;
    client.write(COMMENT);
    // The gateway may have closed before the host came to send this.
    if (!this.#isOpen) {
      client.end();
      return;
    }
    this.#ticker.add(this);
    void this.#pump(client);
  }

  leave(): void {
    this.#close();
  }

  tick(now: number): void {
    const { maxDuration, idleTimeout } = this.#limits;
    if (now - this.#openedAt >= maxDuration || now - this.#activeAt >= idleTimeout || this.#isExpired()) {
      this.end();
      // A client that is slow has something to read already.
    } else if (this.#client?.isReady) {
      this.#client.write(COMMENT);
    }
  }

  end(lastWords = ""): void {
    if (!this.#isOpen) {
      return;
    }
    this.#close();
    if (lastWords !== "") {
      this.#client?.write(lastWords);
    }
    this.#client?.end();
  }

  /** Asks for the next event when the client has taken the last one. */
  async #pump(client: ClientSink): Promise<void> {
    try {
      for (;;) {
        if (!client.isReady) {
          await client.untilReady();
        }
        if (!this.#isOpen) {
          return;
        }
        const next = await this.#events.next();
        if (!this.#isOpen) {
          return;
        }
        if (next.done || this.#isExpired()) {
          this.end();
          return;
        }
        this.#activeAt = this.#clock.monotonic();
        const { generation, json } = next.value;
        client.write(generation > 0 ? `id: ${generation}\ndata: ${json}\n\n` : `data: ${json}\n\n`);
      }
    } catch (error) {
      this.end(`event: error\ndata: ${this.#toErrorJson(error)}\n\n`);
    }
  }

  get #isOpen(): boolean {
    return this.#streams.has(this);
  }

  /** Who could not open it now may not read on: the task goes on, and a new token opens a new stream. */
  #isExpired(): boolean {
    const { until } = this.#slot;
    return until !== undefined && this.#clock.now() >= until;
  }

  #close(): void {
    if (this.#streams.delete(this)) {
      this.#ticker.remove(this);
      this.#slot.release();
      this.#events.return().catch(() => {});
    }
  }
}

import type { Identity } from "../../auth/identity.ts";
import type { Clock } from "../../ports/clock.ts";
import { TaskError } from "../../tasks/task-fault.ts";
import type { CallerLimits } from "../admission/caller-limits.ts";
import type { ClientSink, StreamedBody } from "../../ports/http-exchange.ts";
import { createTicker } from "./ticker.ts";
import type { Ticker, Ticking } from "./ticker.ts";

/** Times in ms. */
export interface StreamLimits {
  /** Interval of comments, which keep proxies from closing an idle connection. */
  readonly heartbeat: number;
  /** A stream without events ends after this time. The task goes on, and the client may subscribe again. */
  readonly idleTimeout: number;
  /** A stream ends after this time, even with events. */
  readonly maxDuration: number;
  /** Streams that may be open on this instance at the same time. */
  readonly maxStreams: number;
  /** Bytes of one SSE event. */
  readonly maxEvent: number;
}

/** The content of one SSE event. */
export interface WireEvent {
  /** The SSE `id`: the event's generation. 0 for no id: a Message, or a piece of a split event that is not the last. */
  readonly generation: number;
  /** JSON text for `data`. All streams that send the event share it. */
  readonly json: string;
  /** Text before and after `json`, in the same `data`. */
  readonly frame?: readonly [before: string, after: string];
}

/** The events that a stream sends. A reader that stops before the end must call `return`. */
export interface WireEvents {
  next(): Promise<IteratorResult<WireEvent, undefined>>;
  return(): Promise<unknown>;
}

/** The place of one stream in the limits of the instance and of the caller. */
interface StreamSlot {
  /** When the caller's token expires, in ms since 1970; undefined when it does not. */
  readonly until: number | undefined;
  /** Frees the place. Idempotent. */
  release(): void;
}

/** All streams of this instance. Each ends at its last event, by idle time, duration or token expiry, or at `close`. */
export interface EventStreams {
  /**
   * Takes a place before any work is done for the stream. The caller must open a stream with it or release it.
   * @throws TaskError `busy` when the limit of this instance or of the caller is reached
   */
  admit(identity: Identity): StreamSlot;
  /**
   * The body of an accepted stream. It begins with a comment at once, before there is an event. Releases `slot` and
   * returns `events` when it ends or the client leaves. `toErrorJson` encodes an error as the stream's last event.
   */
  open(events: WireEvents, slot: StreamSlot, toErrorJson: (error: unknown) => string): StreamedBody;
  /** Ends every stream with a `retry:` field, so that clients reconnect after a second. */
  close(): void;
}

export const SSE_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

/** All streams share one timer, and a stream keeps no sent events, so that thousands of idle streams cost little. */
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

/** A large event's text is not joined with what is around it, which would be a copy of it for every stream. */
function writeEvent(client: ClientSink, { generation, json, frame: [before, after] = NO_FRAME }: WireEvent): void {
  const start = generation > 0 ? `id: ${generation}\ndata: ${before}` : `data: ${before}`;
  const end = `${after}\n\n`;
  if (json.length < LARGE) {
    client.write(start + json + end);
    return;
  }
  client.write(start);
  client.write(json);
  client.write(end);
}

const NO_FRAME = ["", ""] as const;
/** Characters. */
const LARGE = 16 * 1024;

/** One line without an empty line after it, which would make older clients dispatch an empty event. */
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
    // The gateway may have closed before the host began to send this body.
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
      // A slow client still has data to read, so it needs no comment.
    } else if (this.#client?.isReady) {
      this.#client.write(COMMENT);
    }
  }

  end(last = ""): void {
    if (!this.#isOpen) {
      return;
    }
    this.#close();
    if (last !== "") {
      this.#client?.write(last);
    }
    this.#client?.end();
  }

  /** Reads the next event when the client has received the last one. */
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
        writeEvent(client, next.value);
      }
    } catch (error) {
      this.end(`event: error\ndata: ${this.#toErrorJson(error)}\n\n`);
    }
  }

  get #isOpen(): boolean {
    return this.#streams.has(this);
  }

  /** Whether the caller's token has expired. The task goes on, and a new token can open a new stream. */
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

import { StreamResponse } from "@a2a-js/sdk";
import type { LoggedResponse, TaskEvents } from "../../tasks/task-engine.ts";
import type { WireEvent, WireEvents } from "./event-streams.ts";
import { splitEvent } from "./split-event.ts";

/** A task's events in the JSON of A2A 1.0. An event larger than `limit` bytes is sent in pieces. */
export function createWireEvents(events: TaskEvents, limit: number): WireEvents {
  return new SplitEvents(events, limit);
}

class SplitEvents implements WireEvents {
  readonly #events: TaskEvents;
  readonly #limit: number;
  #pieces: Iterator<WireEvent, undefined> | undefined;

  constructor(events: TaskEvents, limit: number) {
    this.#events = events;
    this.#limit = limit;
  }

  async next(): Promise<IteratorResult<WireEvent, undefined>> {
    for (;;) {
      const piece = this.#pieces?.next();
      if (piece && !piece.done) {
        return piece;
      }
      this.#pieces = undefined;
      const next = await this.#events.next();
      if (next.done) {
        return next;
      }
      if (isSentWhole(next.value, this.#limit)) {
        return { done: false, value: next.value };
      }
      this.#pieces = piecesOf(next.value, this.#limit);
    }
  }

  return(): Promise<unknown> {
    return this.#events.return();
  }
}

/** A Task is always split, because a stream sends it without its history. GetTask returns the history. */
function isSentWhole(event: LoggedResponse, limit: number): event is WireEvent & LoggedResponse {
  return event.json !== undefined && event.response.payload?.$case !== "task" && isWithin(event.json, limit);
}

interface Piece {
  readonly response: StreamResponse;
  json?: string;
}

/** The pieces of an event, made once for all streams that send it: they share the event itself. */
const split = new WeakMap<StreamResponse, { readonly limit: number; readonly pieces: readonly Piece[] }>();

/** One at a time, so that a slow reader's next piece is not made before it is needed. Only the last has the generation. */
function* piecesOf({ generation, response }: LoggedResponse, limit: number): Generator<WireEvent, undefined> {
  const known = split.get(response);
  const pieces =
    known?.limit === limit ? known.pieces : splitEvent(response, limit).map((piece): Piece => ({ response: piece }));
  if (pieces !== known?.pieces) {
    split.set(response, { limit, pieces });
  }
  for (const [at, piece] of pieces.entries()) {
    piece.json ??= JSON.stringify(StreamResponse.toJSON(piece.response));
    yield { generation: at === pieces.length - 1 ? generation : 0, json: piece.json };
  }
}

/** A UTF-16 unit is at most three bytes of UTF-8, so most events need not be encoded to measure them. */
function isWithin(json: string, limit: number): boolean {
  return json.length * 3 <= limit || new TextEncoder().encode(json).byteLength <= limit;
}

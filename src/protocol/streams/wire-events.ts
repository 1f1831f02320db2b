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
  #pieces: WireEvent[] = [];

  constructor(events: TaskEvents, limit: number) {
    this.#events = events;
    this.#limit = limit;
  }

  async next(): Promise<IteratorResult<WireEvent, undefined>> {
    const waiting = this.#pieces.shift();
    if (waiting) {
      return { done: false, value: waiting };
    }
    const next = await this.#events.next();
    if (next.done) {
      return next;
    }
    const [first, ...rest] = toWireEvents(next.value, this.#limit);
    this.#pieces = rest;
    return first ? { done: false, value: first } : { done: true, value: undefined };
  }

  return(): Promise<unknown> {
    return this.#events.return();
  }
}

/** Only the last piece has the generation: before it the client does not have the whole event, and must replay it. */
function toWireEvents({ generation, response, json }: LoggedResponse, limit: number): WireEvent[] {
  // A Task is always split, because a stream sends it without its history. GetTask returns the history.
  if (json !== undefined && response.payload?.$case !== "task" && isWithin(json, limit)) {
    return [{ generation, json }];
  }
  const pieces = splitEvent(response, limit);
  return pieces.map((piece, at) => ({
    generation: at === pieces.length - 1 ? generation : 0,
    json: JSON.stringify(StreamResponse.toJSON(piece)),
  }));
}

/** A UTF-16 unit is at most three bytes of UTF-8, so most events need not be encoded to measure them. */
function isWithin(json: string, limit: number): boolean {
  return json.length * 3 <= limit || new TextEncoder().encode(json).byteLength <= limit;
}

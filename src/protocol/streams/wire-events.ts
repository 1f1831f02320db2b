import { StreamResponse } from "@a2a-js/sdk";
import type { LoggedResponse, TaskEvents } from "../../tasks/task-engine.ts";
import type { WireEvent, WireEvents } from "./event-streams.ts";
import { splitEvent } from "./split-event.ts";

/** A task's events as A2A 1.0 writes them, each at most `limit` bytes: one that is larger goes out in pieces. */
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

/** Only with its last piece has a client the whole event, so that alone carries the generation. */
function toWireEvents({ generation, response, json }: LoggedResponse, limit: number): WireEvent[] {
  // A stream's Task has no history: it is there in GetTask.
  if (json !== undefined && response.payload?.$case !== "task" && isWithin(json, limit)) {
    return [{ generation, json }];
  }
  const pieces = splitEvent(response, limit);
  return pieces.map((piece, at) => ({
    generation: at === pieces.length - 1 ? generation : 0,
    json: JSON.stringify(StreamResponse.toJSON(piece)),
  }));
}

/** A UTF-16 unit is at most three bytes of UTF-8: most events need no counting. */
function isWithin(json: string, limit: number): boolean {
  return json.length * 3 <= limit || new TextEncoder().encode(json).byteLength <= limit;
}

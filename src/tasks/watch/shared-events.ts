import type { TaskKey } from "../../ports/task-log.ts";
import type { EngineParts } from "../engine-parts.ts";
import { readEventsWithin } from "../log/read-task.ts";
import type { LogEvent } from "../log/rows.ts";

/**
 * Events read from the log for all watchers of this instance. Watchers at the same place share one read, and all of them one
 * copy of an event, so that readers cost what is read and not how many read it.
 */
export interface SharedEvents {
  /** The event, if it is in memory. */
  find(name: string, generation: number): LogEvent | undefined;
  /** Reads the event after `after`, and ahead of it a bounded part of the log up to `upTo`. Undefined if it is missing. @throws StoreError */
  read(name: string, key: TaskKey, after: number, upTo: number): Promise<LogEvent | undefined>;
}

/** Bytes of one read, after its first event. */
const READ_BYTES = 1024 * 1024;
/** Bytes of events that are kept for watchers behind the one that read them, of all tasks together. */
const KEPT_BYTES = 16 * 1024 * 1024;
/** Rows of the first read of a task; more while they are small. */
const FIRST_ROWS = 25;
const MAX_ROWS = 100;

export function createSharedEvents(parts: Pick<EngineParts, "log" | "payloads">): SharedEvents {
  const reading = new Map<string, Promise<LogEvent | undefined>>();
  /** Oldest read first. */
  const kept = new Map<string, { readonly event: LogEvent; readonly bytes: number }>();
  /** Events that a slow reader still holds after they were dropped here. */
  const held = new Map<string, WeakRef<LogEvent>>();
  const forget = new FinalizationRegistry<string>((place) => {
    if (held.get(place)?.deref() === undefined) {
      held.delete(place);
    }
  });
  let bytesKept = 0;
  let rows = FIRST_ROWS;

  return {
    find,
    read(name, key, after, upTo) {
      const place = placeOf(name, after + 1);
      const running = reading.get(place);
      if (running) {
        return running;
      }
      const read = readAhead(name, key, after, upTo).finally(() => reading.delete(place));
      reading.set(place, read);
      return read;
    },
  };

  function find(name: string, generation: number): LogEvent | undefined {
    if (held.size === 0) {
      return undefined;
    }
    const place = placeOf(name, generation);
    return kept.get(place)?.event ?? held.get(place)?.deref();
  }

  async function readAhead(name: string, key: TaskKey, after: number, upTo: number): Promise<LogEvent | undefined> {
    const last = Math.min(upTo, after + rows);
    const known = (generation: number): LogEvent | undefined => find(name, generation);
    const { events, bytes } = await readEventsWithin(parts, key, after, last, READ_BYTES, known);
    rows = bytes * 4 > READ_BYTES ? Math.max(FIRST_ROWS, rows / 2) : Math.min(MAX_ROWS, rows * 2);
    for (const { event, cost } of events) {
      keep(placeOf(name, event.generation), event, cost);
    }
    const first = events[0]?.event;
    return first?.generation === after + 1 ? first : undefined;
  }

  function keep(place: string, event: LogEvent, bytes: number): void {
    if (kept.has(place)) {
      return;
    }
    if (held.get(place)?.deref() !== event) {
      held.set(place, new WeakRef(event));
      forget.register(event, place);
    }
    kept.set(place, { event, bytes });
    bytesKept += bytes;
    for (const [oldest, { bytes: freed }] of kept) {
      if (bytesKept <= KEPT_BYTES) {
        break;
      }
      kept.delete(oldest);
      bytesKept -= freed;
    }
  }
}

function placeOf(name: string, generation: number): string {
  return `${name}/${generation}`;
}

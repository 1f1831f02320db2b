import { delay } from "../../ports/clock.ts";
import type { TaskKey } from "../../ports/task-log.ts";
import { StoreError } from "../../ports/store-error.ts";
import type { EngineParts } from "../engine-parts.ts";
import type { Head } from "../log/head.ts";
import type { LogEvent } from "../log/rows.ts";
import { isInterrupted } from "../log/task-state.ts";
import { readStoredHead } from "../log/transact.ts";
import { createSharedEvents } from "./shared-events.ts";

/**
 * How often (ms) a head is read while events arrive, while a running task is quiet, and while it waits for its caller.
 */
const BUSY_LOOK = 50;
const QUIET_LOOK = 500;
const WAITING_LOOK = 10_000;
/** How long after an event from another instance more events are expected (ms). */
const BUSY_FOR = 1_000;
/** Events kept in memory for watchers that are slightly behind. Older ones are read from the log. */
const RECENT_EVENTS = 64;
const RECENT_CHARACTERS = 1024 * 1024;

/**
 * Follows tasks for this instance's streams and blocking calls (docs/architecture.md#watching-a-task). All watchers of
 * a task share one tail, which reads the head from time to time to find the commits of other instances.
 */
export interface Tails {
  /** Joins the tail of a task, which need not exist yet. No event that is published after this is missed. */
  watch(key: TaskKey): Watcher;
  /** Passes on a commit of this instance. It is only a hint: watchers read from the log what they lack. */
  publish(key: TaskKey, events: readonly LogEvent[], head: Head): void;
  /** Sets the function that receives every head that a tail reads. */
  onLook(handle: (key: TaskKey, head: Head) => void): void;
  /** Ends every watcher. */
  close(): void;
}

/**
 * One reader of a task's events: every committed event in order, each once. It stays on the tail until `return` is
 * called, which the reader must do.
 */
export interface Watcher extends AsyncIterableIterator<LogEvent, undefined, undefined> {
  /** Begins with the event after generation `after`. `known` is a generation that is known to be in the log. */
  startAfter(after: number, known?: number): this;
  /**
   * Resolves to the next event; done once the watcher has returned, the task is deleted or this instance shuts down.
   * Waits while the store does not answer. Rejects when an event is missing from the log.
   */
  next(): Promise<IteratorResult<LogEvent, undefined>>;
  /** Leaves the tail. A pending `next` resolves as done. */
  return(): Promise<IteratorResult<LogEvent, undefined>>;
}

interface Tail {
  readonly key: TaskKey;
  readonly name: string;
  readonly wakes: Set<() => void>;
  watchers: number;
  known: number;
  recent: LogEvent[];
  interval: number;
  hinted: boolean;
  /** Until when the head is read often, in ms of the monotonic clock. */
  busyUntil: number;
  gone: boolean;
  /** Absent until a watcher has started, because the task need not exist before. */
  cancelLook: (() => void) | undefined;
}

export function createTails(parts: EngineParts): Tails {
  const tails = new Map<string, Tail>();
  let handleLook = (_key: TaskKey, _head: Head): void => {};
  const shared = createSharedEvents(parts);
  const find = (tail: Tail, generation: number): LogEvent | undefined => shared.find(tail.name, generation);
  const source = { find, read, leave, look: scheduleLook };

  return {
    watch: (key) => new TailWatcher(join(key), source),
    publish(key, events, head) {
      const tail = tails.size === 0 ? undefined : tails.get(nameOf(key));
      if (!tail) {
        return;
      }
      if (events.length > 0) {
        const continues = events[0]?.generation === (tail.recent.at(-1)?.generation ?? Number.NaN) + 1;
        tail.recent = keepRecent(continues ? [...tail.recent, ...events] : [...events]);
      }
      tail.hinted = true;
      tail.interval = isInterrupted(head.state) ? WAITING_LOOK : QUIET_LOOK;
      advance(tail, head.generation);
    },
    onLook(handle) {
      handleLook = handle;
    },
    close() {
      for (const tail of tails.values()) {
        tail.gone = true;
        tail.cancelLook?.();
        wake(tail);
      }
      tails.clear();
    },
  };

  function join(key: TaskKey): Tail {
    const name = nameOf(key);
    let tail = tails.get(name);
    if (!tail) {
      tail = {
        key,
        name,
        wakes: new Set(),
        watchers: 0,
        known: 0,
        recent: [],
        interval: BUSY_LOOK,
        hinted: false,
        busyUntil: 0,
        gone: false,
        cancelLook: undefined,
      };
      tails.set(name, tail);
    }
    tail.watchers += 1;
    return tail;
  }

  function leave(tail: Tail): void {
    tail.watchers -= 1;
    if (tail.watchers === 0) {
      tail.cancelLook?.();
      tail.gone = true;
      if (tails.get(tail.name) === tail) {
        tails.delete(tail.name);
      }
    }
  }

  async function read(tail: Tail, cursor: number): Promise<LogEvent | undefined> {
    try {
      const event = await shared.read(tail.name, tail.key, cursor, tail.known);
      if (!event) {
        await explainGap(tail, cursor + 1);
      }
      return event;
    } catch (error) {
      if (!(error instanceof StoreError)) {
        throw error;
      }
      await delay(parts.clock, QUIET_LOOK);
      return undefined;
    }
  }

  /** A task that is being deleted loses its rows before its head. In any other task a missing event is an error. */
  async function explainGap(tail: Tail, missing: number): Promise<void> {
    const version = await readStoredHead(parts, tail.key);
    if (version && !version.head.purging) {
      throw new Error(`task ${tail.key.taskId}: event ${missing} is missing from its log`);
    }
    tail.gone = true;
    wake(tail);
  }

  function scheduleLook(tail: Tail): void {
    const fair = (tails.size * 1_000) / parts.settings.tailReadsPerSecond;
    tail.cancelLook = parts.clock.after(Math.max(tail.interval, fair), () => void look(tail));
  }

  async function look(tail: Tail): Promise<void> {
    try {
      const version = await readStoredHead(parts, tail.key);
      if (!version || version.head.purging) {
        tail.gone = true;
        wake(tail);
        return;
      }
      const now = parts.clock.monotonic();
      // An event that was not published here comes from another instance, and more may follow soon.
      if (version.head.generation > tail.known && !tail.hinted) {
        tail.busyUntil = now + BUSY_FOR;
      }
      tail.interval = intervalAfter(tail, version.head, now);
      tail.hinted = false;
      advance(tail, version.head.generation);
      handleLook(tail.key, version.head);
    } catch (error) {
      if (!(error instanceof StoreError)) {
        parts.logger.error("tail.read-failed", { taskId: tail.key.taskId, error: String(error) });
      }
      tail.interval = QUIET_LOOK;
    }
    if (!tail.gone) {
      scheduleLook(tail);
    }
  }
}

interface TailSource {
  /** An event of the log that was read before, for this watcher or another. */
  find(tail: Tail, generation: number): LogEvent | undefined;
  /** The event after `cursor` from the log; undefined when the store does not answer. */
  read(tail: Tail, cursor: number): Promise<LogEvent | undefined>;
  leave(tail: Tail): void;
  look(tail: Tail): void;
}

class TailWatcher implements Watcher {
  readonly #tail: Tail;
  readonly #source: TailSource;
  #cursor = 0;
  #hasLeft = false;

  constructor(tail: Tail, source: TailSource) {
    this.#tail = tail;
    this.#source = source;
  }

  startAfter(after: number, known = after): this {
    this.#cursor = after;
    if (this.#tail.cancelLook === undefined && !this.#tail.gone) {
      this.#source.look(this.#tail);
    }
    advance(this.#tail, known);
    return this;
  }

  next(): Promise<IteratorResult<LogEvent, undefined>> {
    const event = this.#takeKnown();
    return event ? Promise.resolve({ done: false, value: event }) : this.#wait();
  }

  return(): Promise<IteratorResult<LogEvent, undefined>> {
    if (!this.#hasLeft) {
      this.#hasLeft = true;
      this.#source.leave(this.#tail);
      // Wakes all watchers; those that have not returned wait again.
      wake(this.#tail);
    }
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #wait(): Promise<IteratorResult<LogEvent, undefined>> {
    const tail = this.#tail;
    while (!this.#hasLeft && !tail.gone) {
      const event = this.#takeKnown();
      if (event) {
        return { done: false, value: event };
      }
      if (this.#cursor >= tail.known) {
        await change(tail);
      } else {
        const read = this.#take(await this.#source.read(tail, this.#cursor));
        if (read) {
          return { done: false, value: read };
        }
      }
    }
    return this.return();
  }

  /** The next event, if it is in memory. */
  #takeKnown(): LogEvent | undefined {
    if (this.#hasLeft || this.#tail.gone) {
      return undefined;
    }
    const { recent } = this.#tail;
    const first = recent[0]?.generation ?? Infinity;
    const next = this.#cursor + 1;
    if (next > this.#tail.known) {
      return undefined;
    }
    return this.#take((next >= first ? recent[next - first] : undefined) ?? this.#source.find(this.#tail, next));
  }

  #take(event: LogEvent | undefined): LogEvent | undefined {
    // What does not continue this place is asked for again, which tells what is missing.
    if (this.#hasLeft || event?.generation !== this.#cursor + 1) {
      return undefined;
    }
    this.#cursor = event.generation;
    return event;
  }
}

const DONE = Promise.resolve({ done: true as const, value: undefined });

/** The newest events, limited in number and size. All watchers share them. */
function keepRecent(events: LogEvent[]): LogEvent[] {
  let characters = 0;
  let first = events.length;
  while (first > 0 && events.length - first < RECENT_EVENTS) {
    characters += events[first - 1]?.json?.length ?? RECENT_CHARACTERS;
    if (characters > RECENT_CHARACTERS && first < events.length) {
      break;
    }
    first -= 1;
  }
  return first === 0 ? events : events.slice(first);
}

function intervalAfter(tail: Tail, head: Head, now: number): number {
  if (isInterrupted(head.state)) {
    return WAITING_LOOK;
  }
  return now < tail.busyUntil ? BUSY_LOOK : Math.min(Math.max(tail.interval, BUSY_LOOK) * 2, QUIET_LOOK);
}

function advance(tail: Tail, generation: number): void {
  if (generation > tail.known) {
    tail.known = generation;
    wake(tail);
  }
}

function wake(tail: Tail): void {
  if (tail.wakes.size > 0) {
    const waiting = [...tail.wakes];
    tail.wakes.clear();
    for (const resolve of waiting) {
      resolve();
    }
  }
}

function change(tail: Tail): Promise<void> {
  return new Promise((resolve) => {
    tail.wakes.add(resolve);
  });
}

function nameOf(key: TaskKey): string {
  return `${key.scope}.${key.taskId}`;
}

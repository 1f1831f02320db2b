import type { TaskKey } from "../../ports/task-log.ts";
import { StoreError } from "../../ports/store-error.ts";
import type { EngineParts } from "../engine-parts.ts";
import type { Head } from "../log/head.ts";
import { readEvents } from "../log/read-task.ts";
import type { LogEvent } from "../log/rows.ts";
import { isInterrupted } from "../log/task-state.ts";
import { readStoredHead } from "../log/transact.ts";

/** Looks while events come, at a running task that is quiet, and at one that waits for somebody (ms). */
const BUSY_LOOK = 50;
const QUIET_LOOK = 500;
const WAITING_LOOK = 10_000;
/** A task whose last news came from elsewhere within this is one where events come (ms). */
const BUSY_FOR = 1_000;
/** Events kept for watchers that are a little behind; the rest is read from the table. */
const RECENT_EVENTS = 64;
const EVENTS_PER_READ = 100;

/** Follows tasks for this instance's streams and blocking calls: one tail a task serves them all (DESIGN 3.5). */
export interface Tails {
  /** Every event after `after`, in order, without end. `known` is a generation that the log has. Stops when the signal aborts or the task is gone. */
  watch(key: TaskKey, after: number, signal: AbortSignal, known?: number): AsyncGenerator<LogEvent, void, undefined>;
  /** A commit made here. Only a hint: what does not continue a watcher's place is read from the table. */
  publish(key: TaskKey, events: readonly LogEvent[], head: Head): void;
  /** Called with every head that a look reads. */
  onLook(handle: (key: TaskKey, head: Head) => void): void;
  close(): void;
}

interface Tail {
  readonly key: TaskKey;
  readonly wakes: Set<() => void>;
  watchers: number;
  known: number;
  recent: LogEvent[];
  interval: number;
  hinted: boolean;
  /** Monotonic ms until which it is looked at often. */
  busyUntil: number;
  gone: boolean;
  cancelLook: () => void;
}

export function createTails(parts: EngineParts): Tails {
  const tails = new Map<string, Tail>();
  let handleLook = (_key: TaskKey, _head: Head): void => {};

  return {
    watch,
    publish(key, events, head) {
      const tail = tails.get(nameOf(key));
      if (!tail) {
        return;
      }
      if (events.length > 0) {
        const continues = events[0]?.generation === (tail.recent.at(-1)?.generation ?? Number.NaN) + 1;
        tail.recent = [...(continues ? tail.recent : []), ...events].slice(-RECENT_EVENTS);
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
        tail.cancelLook();
        wake(tail);
      }
      tails.clear();
    },
  };

  async function* watch(
    key: TaskKey,
    after: number,
    signal: AbortSignal,
    known = after,
  ): AsyncGenerator<LogEvent, void, undefined> {
    const tail = join(key, known);
    try {
      let cursor = after;
      while (!signal.aborted && !tail.gone) {
        if (cursor >= tail.known) {
          await change(tail, signal);
          continue;
        }
        for (const event of await next(tail, cursor)) {
          if (signal.aborted) {
            return;
          }
          cursor = event.generation;
          yield event;
        }
      }
    } finally {
      leave(tail);
    }
  }

  async function next(tail: Tail, cursor: number): Promise<readonly LogEvent[]> {
    const first = tail.recent[0]?.generation ?? Infinity;
    if (first <= cursor + 1 && cursor < first + tail.recent.length - 1) {
      return tail.recent.slice(cursor + 1 - first);
    }
    try {
      return await readEvents(parts, tail.key, cursor, Math.min(tail.known, cursor + EVENTS_PER_READ));
    } catch (error) {
      if (!(error instanceof StoreError)) {
        throw error;
      }
      await new Promise<void>((resolve) => {
        parts.clock.after(QUIET_LOOK, resolve);
      });
      return [];
    }
  }

  function join(key: TaskKey, known: number): Tail {
    const name = nameOf(key);
    let tail = tails.get(name);
    if (!tail) {
      tail = {
        key,
        wakes: new Set(),
        watchers: 0,
        known,
        recent: [],
        interval: BUSY_LOOK,
        hinted: false,
        busyUntil: 0,
        gone: false,
        cancelLook: () => {},
      };
      tails.set(name, tail);
      scheduleLook(tail);
    }
    tail.watchers += 1;
    advance(tail, known);
    return tail;
  }

  function leave(tail: Tail): void {
    tail.watchers -= 1;
    if (tail.watchers === 0) {
      tail.cancelLook();
      tail.gone = true;
      if (tails.get(nameOf(tail.key)) === tail) {
        tails.delete(nameOf(tail.key));
      }
    }
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
      // News that nobody here told of comes from another instance: more may follow soon.
      if (version.head.generation > tail.known && !tail.hinted) {
        tail.busyUntil = now + BUSY_FOR;
      }
      tail.interval = intervalAfter(tail, version.head, now);
      tail.hinted = false;
      advance(tail, version.head.generation);
      handleLook(tail.key, version.head);
    } catch (error) {
      if (!(error instanceof StoreError)) {
        parts.logger.error("tail.failed", { taskId: tail.key.taskId, error: String(error) });
      }
      tail.interval = QUIET_LOOK;
    }
    if (!tail.gone) {
      scheduleLook(tail);
    }
  }
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
  for (const resolve of tail.wakes) {
    resolve();
  }
  tail.wakes.clear();
}

function change(tail: Tail, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener("abort", done);
      tail.wakes.delete(done);
      resolve();
    };
    tail.wakes.add(done);
    signal.addEventListener("abort", done);
  });
}

function nameOf(key: TaskKey): string {
  return `${key.scope}.${key.taskId}`;
}

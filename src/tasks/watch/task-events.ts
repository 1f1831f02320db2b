import { TaskState } from "@a2a-js/sdk";
import type { Message, StreamResponse } from "@a2a-js/sdk";
import type { LoggedResponse, TaskEvents } from "../task-engine.ts";
import type { TaskKey } from "../../ports/task-log.ts";
import { endsTurn, isTerminal } from "../log/task-state.ts";
import type { Tails, Watcher } from "./tails.ts";

/**
 * A task's events for one stream, up to the one that ends it. `first` comes before the watcher's events. Events before
 * generation `live` are a replay, in which only a terminal state ends the stream: a task that asked for input there has
 * been continued since.
 */
export function createTaskEvents(
  watcher: Watcher,
  first: LoggedResponse | undefined,
  live: number,
  release?: () => void,
): TaskEvents {
  return new WatchedTask(watcher, first, live, release);
}

/** The one Message that answers a call without a task. */
export function createMessageEvents(answer: Promise<Message>): TaskEvents {
  let isTaken = false;
  return {
    async next() {
      if (isTaken) {
        return { done: true, value: undefined };
      }
      isTaken = true;
      const response: StreamResponse = { payload: { $case: "message", value: await answer } };
      return { done: false, value: { generation: 0, response } };
    },
    return: () => Promise.resolve({ done: true, value: undefined }),
  };
}

class WatchedTask implements TaskEvents {
  readonly #watcher: Watcher;
  readonly #live: number;
  #first: LoggedResponse | undefined;
  #release: (() => void) | undefined;
  #hasEnded = false;

  constructor(watcher: Watcher, first: LoggedResponse | undefined, live: number, release: (() => void) | undefined) {
    this.#release = release;
    this.#watcher = watcher;
    this.#first = first;
    this.#live = live;
  }

  next(): Promise<IteratorResult<LoggedResponse, undefined>> {
    if (this.#hasEnded) {
      return this.return();
    }
    if (this.#first) {
      const value = this.#first;
      this.#first = undefined;
      this.#endAfter(value);
      return Promise.resolve({ done: false, value });
    }
    this.#releaseFirst();
    return this.#takeNext();
  }

  return(): Promise<IteratorResult<LoggedResponse, undefined>> {
    this.#hasEnded = true;
    this.#first = undefined;
    this.#releaseFirst();
    return this.#watcher.return();
  }

  #releaseFirst(): void {
    this.#release?.();
    this.#release = undefined;
  }

  async #takeNext(): Promise<IteratorResult<LoggedResponse, undefined>> {
    const next = await this.#watcher.next();
    if (!next.done) {
      this.#endAfter(next.value);
    }
    return next;
  }

  #endAfter({ generation, response: { payload } }: LoggedResponse): void {
    const state =
      payload?.$case === "statusUpdate" || payload?.$case === "task" ? payload.value.status?.state : undefined;
    this.#hasEnded = state !== undefined && (isTerminal(state) || (generation >= this.#live && endsStream(state)));
  }
}

/** Streams stay open at AUTH_REQUIRED: the credentials may arrive in another way (specification 7.6.1). */
function endsStream(state: TaskState): boolean {
  return isTerminal(state) || state === TaskState.TASK_STATE_INPUT_REQUIRED;
}

/**
 * Resolves when an event after generation `after` ends the turn, when the signal aborts, or when the task is deleted.
 */
export async function untilTurnEnds(tails: Tails, key: TaskKey, after: number, signal: AbortSignal): Promise<void> {
  const watcher = tails.watch(key).startAfter(after);
  const leave = (): void => void watcher.return();
  signal.addEventListener("abort", leave);
  if (signal.aborted) {
    leave();
  }
  try {
    for await (const { response } of watcher) {
      if (response.payload?.$case === "statusUpdate" && endsTurn(response.payload.value.status?.state ?? 0)) {
        return;
      }
    }
  } finally {
    signal.removeEventListener("abort", leave);
    // A loop whose `next` rejects does not.
    leave();
  }
}

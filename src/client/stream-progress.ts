import { Message, TaskState } from "@a2a-js/sdk";
import type { StreamResponse } from "@a2a-js/sdk";
import { DurableStreamError } from "./durable-stream-error.ts";
import type { DurableStreamFault } from "./durable-stream-error.ts";
import type { Operation } from "./open-stream.ts";

export interface DurableEvent {
  /** Number of the event in the task's log, from 1; 0 for a Message, and with a server that lacks the extension. */
  readonly generation: number;
  readonly response: StreamResponse;
}

/** What the stream is for: a message or a task, and from which generation. */
export interface Wanted {
  readonly message?: Message;
  readonly taskId?: string;
  readonly after?: number;
}

/** The progress of a client in a task, over all of its connections. It only decides; it has no effects. */
export interface StreamProgress {
  /** The request of the next connection. */
  next(): Operation;
  /**
   * The new events, given the next one that arrived. Pieces of a split event are returned with the last one, so that a
   * connection that breaks between them leaves nothing behind. @throws DurableStreamError `gap`
   */
  take(generation: number | undefined, response: StreamResponse): DurableEvent[];
  /** The same for a server that lacks the extension, whose events have no numbers. */
  pass(response: StreamResponse): DurableEvent[];
  /** `replay`: an earlier send was accepted, and the snapshot that answers this one is too new. */
  readonly verdict: "read" | "replay" | "done";
  /** Whether a stream that the server ends here has ended with the task's turn. */
  readonly mayEnd: boolean;
  toError(fault: DurableStreamFault, text: string, cause?: unknown): DurableStreamError;
}

/** @throws TypeError without exactly one of `message` and `taskId` */
export function createStreamProgress({ message, taskId, after }: Wanted): StreamProgress {
  if ((message === undefined) === (taskId === undefined)) {
    throw new TypeError("durableStream needs exactly one of message and taskId");
  }
  let known = taskId;
  let cursor = after ?? (message && message.taskId !== "" ? undefined : 0);
  let state = TaskState.TASK_STATE_UNSPECIFIED;
  let isSending = false;
  let pieces: StreamResponse[] = [];
  let verdict: StreamProgress["verdict"] = "read";

  return {
    next() {
      pieces = [];
      verdict = "read";
      isSending = known === undefined || cursor === undefined;
      if (isSending || known === undefined || cursor === undefined) {
        return { method: "SendStreamingMessage", params: { message: message && Message.toJSON(message) } };
      }
      // After INPUT_REQUIRED only the end of the stream shows that the task still waits, so request that event again.
      const lastEventId = state === TaskState.TASK_STATE_INPUT_REQUIRED ? cursor - 1 : cursor;
      return { method: "SubscribeToTask", params: { id: known }, lastEventId };
    },
    take(generation, response) {
      if (response.payload?.$case === "message") {
        return this.pass(response);
      }
      pieces.push(response);
      if (generation === undefined) {
        return [];
      }
      const whole = pieces.splice(0);
      const [first] = whole;
      if (cursor !== undefined && generation > cursor + 1) {
        if (!isSending || first?.payload?.$case !== "task") {
          throw toError({ code: "gap", generation }, `The server skipped events between ${cursor} and ${generation}.`);
        }
        known = first.payload.value.id;
        verdict = "replay";
        return [];
      }
      if (cursor !== undefined && generation <= cursor) {
        return [];
      }
      cursor = generation;
      for (const piece of whole) {
        note(piece);
      }
      return whole.map((piece) => ({ generation, response: piece }));
    },
    pass(response) {
      note(response);
      return [{ generation: 0, response }];
    },
    get verdict() {
      return verdict;
    },
    get mayEnd() {
      return state === TaskState.TASK_STATE_INPUT_REQUIRED;
    },
    toError,
  };

  function note({ payload }: StreamResponse): void {
    switch (payload?.$case) {
      case "message":
        verdict = "done";
        return;
      case "task":
        known = payload.value.id;
        state = payload.value.status?.state ?? state;
        break;
      case "statusUpdate":
        state = payload.value.status?.state ?? state;
        break;
      default:
    }
    // INPUT_REQUIRED ends the stream of a message; a watched task may continue after it.
    if (TERMINAL.has(state) || (message && state === TaskState.TASK_STATE_INPUT_REQUIRED)) {
      verdict = "done";
    }
  }

  function toError(fault: DurableStreamFault, text: string, cause?: unknown): DurableStreamError {
    return new DurableStreamError(fault, text, { taskId: known, after: cursor, cause });
  }
}

const TERMINAL: ReadonlySet<TaskState> = new Set([
  TaskState.TASK_STATE_COMPLETED,
  TaskState.TASK_STATE_FAILED,
  TaskState.TASK_STATE_CANCELED,
  TaskState.TASK_STATE_REJECTED,
]);

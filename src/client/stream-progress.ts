import { Message, TaskState } from "@a2a-js/sdk";
import type { StreamResponse } from "@a2a-js/sdk";
import { DurableStreamError } from "./durable-stream-error.ts";
import type { DurableStreamFault } from "./durable-stream-error.ts";
import type { Operation } from "./open-stream.ts";

export interface DurableEvent {
  /** The event's place in the task's log; 0 for a Message, and at a server without the extension. */
  readonly generation: number;
  readonly response: StreamResponse;
}

/** What to have: a message's task, or a task; all of it, or what follows a generation. */
export interface Wanted {
  readonly message?: Message;
  readonly taskId?: string;
  readonly after?: number;
}

/** Where a client stands in a task, over all of its connections. Decides; does nothing. */
export interface StreamProgress {
  /** What the next connection asks for. */
  next(): Operation;
  /**
   * The events that are new, given the next one that came. One that comes in pieces counts with its last, so that a
   * connection which breaks between them leaves nothing behind. @throws DurableStreamError `gap`
   */
  take(generation: number | undefined, response: StreamResponse): DurableEvent[];
  /** The same of a server without the extension, where there is nothing to tell events apart by. */
  pass(response: StreamResponse): DurableEvent[];
  /** `replay`: an earlier attempt was taken, and the answer begins behind what is wanted. */
  readonly verdict: "read" | "replay" | "done";
  /** Whether a stream that ends here in order has ended with its task's turn. */
  readonly mayEnd: boolean;
  toError(fault: DurableStreamFault, text: string, cause?: unknown): DurableStreamError;
}

/** @throws TypeError unless there is either a message or a task. */
export function createStreamProgress({ message, taskId, after }: Wanted): StreamProgress {
  if ((message === undefined) === (taskId === undefined)) {
    throw new TypeError("a durable stream needs a message to send or the id of a task to watch, and not both");
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
      // After a question only its stream's end says whether it still waits for an answer, so the question is asked for again.
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
          throw toError({ code: "gap", generation }, `The server left out events between ${cursor} and ${generation}.`);
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
    // A message has its answer with the question that ends its turn; a task that is watched may go on after it.
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

import type { ListTasksRequest, Message, SendMessageRequest, StreamResponse, Task } from "@a2a-js/sdk";
import type { Agent, Caller } from "../ports/agent.ts";

/** One call of a client, after authentication and routing. */
export interface Call {
  readonly agent: Agent;
  readonly caller: Caller;
  /** Aborted when the client disconnects. This ends the answer; the task goes on. */
  readonly signal: AbortSignal;
  /** Replays the events after this generation instead of sending a snapshot (docs/extensions/durable-v1.md). */
  readonly lastEventId?: number | undefined;
  readonly idempotencyKey?: string | undefined;
  /** Of A2A; 1.0 when absent. */
  readonly version?: "1.0" | "0.3";
  /** Receives the turn that the call started on this instance, which may outlast the call. The turn never rejects. */
  readonly waitUntil?: ((turn: Promise<void>) => void) | undefined;
}

/** A task that answers a call. */
export interface TaskAnswer {
  readonly task: Task;
  /** The task as JSON text, when the log already has it. */
  readonly json?: string | undefined;
}

/** The answer to a send: the task, or the Message of an agent that replies without a task. */
export type SendAnswer = TaskAnswer | { readonly message: Message };

/** One page of a list of tasks. */
export interface TaskList {
  readonly tasks: readonly TaskAnswer[];
  /** `""` on the last page. */
  readonly nextPageToken: string;
  readonly pageSize: number;
  readonly totalSize: number;
}

/** An event with its position in the task's log. */
export interface LoggedResponse {
  /** From 1 on; 0 for a Message, which has no log. Of a snapshot: the last event that it contains. */
  readonly generation: number;
  readonly response: StreamResponse;
  /** The response as JSON text, when the log already has it. */
  readonly json?: string | undefined;
}

/** The events of one stream. A reader that stops before the end must call `return`. */
export interface TaskEvents {
  /** Resolves to the next event once it is committed. After a rejection no more events follow. */
  next(): Promise<IteratorResult<LoggedResponse, undefined>>;
  return(): Promise<IteratorResult<LoggedResponse, undefined>>;
}

/**
 * The operations of A2A on tasks. A method that resolves has committed its change, so that it survives a crash of this
 * instance. A method rejects with a {@link TaskError}: `invalid` for bad parameters, `not-found` for a task that does
 * not exist for this caller and agent, `busy` over a limit of this instance, `unavailable` when the store does not
 * answer.
 */
export interface TaskEngine {
  /**
   * Sends a message. Resolves when the turn has ended, in a terminal or interrupted state; with
   * `configuration.returnImmediately` as soon as the message is committed. With an idempotency key a repeated send
   * begins no second turn. @throws TaskError also `unsupported` when the task cannot take a message,
   * `invalid-agent-response`
   */
  send(call: Call, request: SendMessageRequest): Promise<SendAnswer>;
  /** Sends a message like `send`. Resolves when the message is committed, before the agent emits events. */
  stream(call: Call, request: SendMessageRequest): Promise<TaskEvents>;
  /** The task with its newest committed state. */
  get(call: Call, request: { readonly id: string; readonly historyLength?: number | undefined }): Promise<TaskAnswer>;
  /** One page of the caller's tasks with the agent, newest status first. */
  list(call: Call, request: ListTasksRequest): Promise<TaskList>;
  /** Resolves when the task is canceled. @throws TaskError also `not-cancelable` when it ended in another way */
  cancel(call: Call, request: { readonly id: string }): Promise<TaskAnswer>;
  /**
   * The events of a task: its current state and every later event, or with `lastEventId` every event after that one.
   * @throws TaskError also `unsupported` for a task that has ended, unless `lastEventId` is given
   */
  subscribe(call: Call, request: { readonly id: string }): Promise<TaskEvents>;
}

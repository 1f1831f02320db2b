import type { ListTasksRequest, Message, SendMessageRequest, StreamResponse, Task } from "@a2a-js/sdk";
import type { Agent, Caller } from "../ports/agent.ts";

/** One call of a client, already authenticated and routed to an agent. */
export interface Call {
  readonly agent: Agent;
  readonly caller: Caller;
  /** Aborted when the client has gone. The task goes on; only the answer ends. */
  readonly signal: AbortSignal;
  /** Replays the events after this generation instead of a snapshot (our extension). */
  readonly lastEventId?: number | undefined;
  readonly idempotencyKey?: string | undefined;
  /** Of the protocol; 1.0 when absent. */
  readonly version?: "1.0" | "0.3";
  /** Told of the turn that the call runs here: it may outlast the call. Never rejects. */
  readonly waitUntil?: ((turn: Promise<void>) => void) | undefined;
}

/** A task as a call is answered with it. */
export interface TaskAnswer {
  readonly task: Task;
  /** The same as JSON text, where the log has it already. */
  readonly json?: string | undefined;
}

/** What a send is answered with: the task, or the Message of an agent that replies without one. */
export type SendAnswer = TaskAnswer | { readonly message: Message };

/** A page of a list of tasks. */
export interface TaskList {
  readonly tasks: readonly TaskAnswer[];
  /** `""` on the last page. */
  readonly nextPageToken: string;
  readonly pageSize: number;
  readonly totalSize: number;
}

/** An event together with its place in the task's log; a snapshot carries the generation it is of. */
export interface LoggedResponse {
  /** 1.. ; 0 for a Message, which has no log. */
  readonly generation: number;
  readonly response: StreamResponse;
  /** The response as JSON text, where the log has it already. */
  readonly json?: string | undefined;
}

/** The events of one stream. `return` must be called where they are not read to their end. */
export interface TaskEvents {
  /** The next event as soon as it is committed. Rejects where it cannot be had; nothing follows after that. */
  next(): Promise<IteratorResult<LoggedResponse, undefined>>;
  return(): Promise<IteratorResult<LoggedResponse, undefined>>;
}

/**
 * Everything that can be done with tasks. Every method rejects with a {@link TaskError} when the call is refused; what
 * it accepts is committed when it resolves.
 */
export interface TaskEngine {
  /** Resolves at a terminal or interrupted state, or at once with `configuration.returnImmediately`. */
  send(call: Call, request: SendMessageRequest): Promise<SendAnswer>;
  /** Resolves once the message is accepted, before its agent has done anything. */
  stream(call: Call, request: SendMessageRequest): Promise<TaskEvents>;
  get(call: Call, request: { readonly id: string; readonly historyLength?: number | undefined }): Promise<TaskAnswer>;
  list(call: Call, request: ListTasksRequest): Promise<TaskList>;
  cancel(call: Call, request: { readonly id: string }): Promise<TaskAnswer>;
  subscribe(call: Call, request: { readonly id: string }): Promise<TaskEvents>;
}

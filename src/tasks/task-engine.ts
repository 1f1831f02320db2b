import type {
  ListTasksRequest,
  ListTasksResponse,
  Message,
  SendMessageRequest,
  StreamResponse,
  Task,
} from "@a2a-js/sdk";
import type { Agent, Caller } from "../ports/agent.ts";

/** One call of a client, already authenticated and routed to an agent. */
export interface Call {
  readonly agent: Agent;
  readonly caller: Caller;
  /** Aborted when the client has gone. The task goes on; only the answer ends. */
  readonly signal: AbortSignal;
  /** Replays the events after this generation instead of a snapshot (our extension). */
  readonly lastEventId?: number;
  readonly idempotencyKey?: string;
  /** Of the protocol; 1.0 when absent. */
  readonly version?: "1.0" | "0.3";
  /** Told of the turn that the call runs here: it may outlast the call. Never rejects. */
  readonly waitUntil?: (turn: Promise<void>) => void;
}

/** An event together with its place in the task's log; a snapshot carries the generation it is of. */
export interface LoggedResponse {
  /** 1.. ; 0 for a Message, which has no log. */
  readonly generation: number;
  readonly response: StreamResponse;
}

/**
 * Everything that can be done with tasks. Every method throws {@link TaskError}. The generators throw before
 * their first value when the call is refused, and have committed what they accepted when they yield it.
 */
export interface TaskEngine {
  /** Returns at a terminal or interrupted state, or at once with `configuration.returnImmediately`. */
  send(call: Call, request: SendMessageRequest): Promise<Task | Message>;
  stream(call: Call, request: SendMessageRequest): AsyncGenerator<LoggedResponse, void, undefined>;
  get(call: Call, request: { readonly id: string; readonly historyLength?: number | undefined }): Promise<Task>;
  list(call: Call, request: ListTasksRequest): Promise<ListTasksResponse>;
  cancel(call: Call, request: { readonly id: string }): Promise<Task>;
  subscribe(call: Call, request: { readonly id: string }): AsyncGenerator<LoggedResponse, void, undefined>;
}

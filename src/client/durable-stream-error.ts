/** Why a durable stream ended before its task, as data. */
export type DurableStreamFault =
  /** The server refuses the call, with an HTTP status and JSON-RPC's or A2A's error code (specification 5.4). */
  | { readonly code: "refused"; readonly status: number; readonly rpcCode: number | undefined }
  /** No stream was accepted for `ms`. The task, if there is one, goes on: watch it later from `after`. */
  | { readonly code: "unreachable"; readonly ms: number }
  /** The connection broke, and the server has not the extension: what was missed cannot be had, a send not repeated. */
  | { readonly code: "not-durable" }
  /** The server left out events, which the extension forbids. */
  | { readonly code: "gap"; readonly generation: number };

export class DurableStreamError extends Error {
  override readonly name = "DurableStreamError";
  readonly fault: DurableStreamFault;
  /** The task, once it is known, and the last event that was delivered: with both a later call goes on. */
  readonly taskId: string | undefined;
  readonly after: number | undefined;

  constructor(
    fault: DurableStreamFault,
    message: string,
    { taskId, after, cause }: { taskId?: string | undefined; after?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.fault = fault;
    this.taskId = taskId;
    this.after = after;
  }
}

/** What another attempt may mend. `retryAfter` in ms: not sooner. */
export class Interruption extends Error {
  override readonly name = "Interruption";
  readonly retryAfter: number;

  constructor(message: string, { retryAfter = 0, cause }: { retryAfter?: number | undefined; cause?: unknown } = {}) {
    super(message, { cause });
    this.retryAfter = retryAfter;
  }
}

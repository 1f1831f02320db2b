/** Why a durable stream ended before its task. */
export type DurableStreamFault =
  /** The server refused the call, with an HTTP status and a JSON-RPC or A2A error code (specification 5.4). */
  | { readonly code: "refused"; readonly status: number; readonly rpcCode: number | undefined }
  /** No server accepted a stream for `ms`. A created task continues: watch it later with `taskId` and `after`. */
  | { readonly code: "unreachable"; readonly ms: number }
  /** The connection broke, and the server lacks the durable extension: the stream cannot be resumed. */
  | { readonly code: "not-durable" }
  /** The server skipped events, which violates the extension. */
  | { readonly code: "gap"; readonly generation: number };

/**
 * Thrown by `durableStream`. `fault` says why; `taskId` and `after` are what a later call needs to continue.
 *
 * @example
 * catch (error) {
 *   if (error instanceof DurableStreamError && error.fault.code === "unreachable" && error.taskId) {
 *     later(() => durableStream({ url, taskId: error.taskId, after: error.after }));
 *   }
 * }
 */
export class DurableStreamError extends Error {
  override readonly name = "DurableStreamError";
  readonly fault: DurableStreamFault;
  /** The task if it is known, and the generation of the last delivered event. */
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

/** A failure after which another attempt may succeed, `retryAfter` ms later at the earliest. */
export class Interruption extends Error {
  override readonly name = "Interruption";
  readonly retryAfter: number;

  constructor(message: string, { retryAfter = 0, cause }: { retryAfter?: number | undefined; cause?: unknown } = {}) {
    super(message, { cause });
    this.retryAfter = retryAfter;
  }
}

import { StoreError } from "../../ports/store-error.ts";
import type { StoreFault } from "../../ports/store-error.ts";

/** Limits the time of one operation. */
export interface StoreCall {
  /** Aborted when the time is over. */
  readonly abortSignal: AbortSignal;
  /** To be called when data was received or sent: the time begins again, so a large payload may take as long as it needs. */
  readonly progress: () => void;
}

export interface AttemptLimits {
  /** Longest time without progress, in ms; by default {@link QUIET}. */
  readonly quiet?: number;
  /** How often an operation that may be repeated is sent; by default once. */
  readonly tries?: number;
}

export const QUIET = 10_000;
/** Of operations that may be repeated. */
export const TRIES = 4;
/** Pause before the first repeat, in ms; doubled each time. */
const PAUSE = 50;

/**
 * Runs one operation on a storage account. It ends as `unknown` after `quiet` ms without progress, whatever the client
 * library does meanwhile: a connection may be half open, and a token may never come. An operation is not repeated after an
 * answer with Retry-After.
 * @throws StoreError that says what the failure means
 */
export async function attempt<T>(
  operation: string,
  request: (call: StoreCall) => Promise<T>,
  { quiet = QUIET, tries = 1 }: AttemptLimits = {},
): Promise<T> {
  const abort = new AbortController();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = new Error(`no answer within ${quiet / 1_000} s`);
    late.reject(error);
    abort.abort(error);
  }, quiet);
  try {
    const progress = (): void => void (abort.signal.aborted || timer.refresh());
    for (let failed = 1; ; failed += 1) {
      try {
        return await Promise.race([request({ abortSignal: abort.signal, progress }), late.promise]);
      } catch (error) {
        const { fault } = toStoreError(operation, error);
        const isFinal = fault.code !== "unknown" || fault.retryAfter !== undefined;
        if (isFinal || failed >= tries || abort.signal.aborted) {
          throw error;
        }
        await Promise.race([wait(PAUSE * 2 ** (failed - 1)), late.promise]);
      }
    }
  } catch (error) {
    throw toStoreError(operation, error);
  } finally {
    clearTimeout(timer);
  }
}

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** The HTTP status of a failed request; undefined without a response. */
export function statusOf(error: unknown): number | undefined {
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
  return typeof status === "number" ? status : undefined;
}

/** Retry-After of a 429 or 503 (RFC 9110, 10.2.3), in ms. */
export function retryAfterOf(status: number, header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined || (status !== 429 && status !== 503)) {
    return undefined;
  }
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}

function toStoreError(operation: string, error: unknown): StoreError {
  if (error instanceof StoreError) {
    return error;
  }
  const status = statusOf(error);
  const retryAfter = status === undefined ? undefined : retryAfterOf(status, headerOf(error, "retry-after"));
  return new StoreError(
    { code: toCode(status), operation, ...(retryAfter !== undefined && { retryAfter }) },
    { cause: error },
  );
}

/** The client libraries put the response into their errors. */
function headerOf(error: unknown, name: string): string | undefined {
  const { response } = error as { response?: { headers?: { get?: (name: string) => string | undefined } } };
  return response?.headers?.get?.(name);
}

function toCode(status: number | undefined): StoreFault["code"] {
  switch (status) {
    // 404: the row to be changed or deleted does not exist.
    case 404:
    case 409:
    case 412:
      return "conflict";
    case 400:
    case 413:
      return "rejected";
    default:
      return "unknown";
  }
}

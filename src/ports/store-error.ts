/**
 * Why a request to a store did not succeed.
 * - `conflict`: the condition (If-Match, If-None-Match) was not met.
 * - `unknown`: a timeout, a 5xx or a cut connection: the write may or may not have taken effect.
 * - `rejected`: the store will never take this write (too large, malformed).
 */
export interface StoreFault {
  readonly code: "conflict" | "unknown" | "rejected";
  readonly operation: string;
  /** From Retry-After of a 429 or 503: no request should be sent for so many ms. */
  readonly retryAfter?: number;
}

export class StoreError extends Error {
  readonly fault: StoreFault;

  constructor(fault: StoreFault, options?: ErrorOptions) {
    super(`${fault.operation}: ${fault.code}`, options);
    this.name = "StoreError";
    this.fault = fault;
  }
}

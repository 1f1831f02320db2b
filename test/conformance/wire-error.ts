import { expect } from "vitest";
import { errorTable } from "./error-table.ts";
import type { ErrorName } from "./error-table.ts";
import type { Answer } from "./json.ts";
import type { Binding } from "./peer.ts";

/** An error answer as it was on the wire. */
export class WireError extends Error {
  readonly httpStatus: number;
  /** JSON-RPC's error code, or HTTP+JSON's `error.code`. */
  readonly code: number;
  /** HTTP+JSON's `error.status`, such as NOT_FOUND. */
  readonly status: string | undefined;
  readonly details: readonly Answer[];

  constructor(httpStatus: number, error: Answer, details: readonly Answer[]) {
    super(String(error?.message));
    this.name = "WireError";
    this.httpStatus = httpStatus;
    this.code = error?.code;
    this.status = error?.status;
    this.details = details;
  }
}

export function toRpcError(httpStatus: number, error: Answer): WireError {
  return new WireError(httpStatus, error, error?.data ?? []);
}

export function toHttpError(httpStatus: number, error: Answer): WireError {
  return new WireError(httpStatus, error, error?.details ?? []);
}

/**
 * What a {@link WireError} looks like when the named error is spelt as its binding spells it, for
 * `expect(call).rejects.toMatchObject(…)`.
 */
export function toRefusal(binding: Binding, name: ErrorName): object {
  const { rpc, http, status } = errorTable[name];
  const spelling = binding === "JSONRPC" ? { code: rpc } : { code: http, httpStatus: http, status };
  // Standard errors may do without (9.5); the A2A ones say their names in both bindings.
  return name === "INVALID_PARAMS" ? spelling : { ...spelling, details: toDetails(name) };
}

function toDetails(reason: ErrorName): unknown {
  const info = { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain: "a2a-protocol.org" };
  return expect.arrayContaining([expect.objectContaining(info)]);
}

import type { HttpAnswer } from "../../ports/http-exchange.ts";
import { AuthError } from "../../auth/auth-fault.ts";
import type { AuthFault } from "../../auth/auth-fault.ts";
import { TaskError } from "../../tasks/task-fault.ts";
import type { FieldViolation, TaskFault } from "../../tasks/task-fault.ts";
import { EdgeError } from "../request/edge-fault.ts";
import type { EdgeFault } from "../request/edge-fault.ts";

/** An error in the terms of every binding (specification 5.4). */
export interface WireError {
  /** JSON-RPC error code. */
  readonly code: number;
  readonly httpStatus: number;
  /** HTTP status over JSON-RPC, where most errors have 200. */
  readonly rpcHttpStatus: number;
  /** Name of the google.rpc.Code. */
  readonly status: string;
  readonly message: string;
  /** google.rpc messages in ProtoJSON's `Any` form (specification 9.5 and 11.6). */
  readonly details: readonly object[];
  /** Seconds. */
  readonly retryAfter?: number;
  /** Value of `WWW-Authenticate`: which credentials are accepted. */
  readonly challenge?: string | undefined;
  /** Value of `Accept-Encoding`: content codings accepted in requests (RFC 9110, 12.5.3). */
  readonly acceptEncoding?: string;
}

/** Headers of an error's response. */
export function toErrorHeaders(
  { retryAfter, challenge, acceptEncoding }: WireError,
  contentType: string,
): Record<string, string> {
  return {
    "content-type": contentType,
    ...(retryAfter !== undefined && { "retry-after": String(retryAfter) }),
    ...(challenge !== undefined && { "www-authenticate": challenge }),
    ...(acceptEncoding !== undefined && { "accept-encoding": acceptEncoding }),
  };
}

/** `toErrorId` is called for unexpected errors. It logs the error and returns the id of the log entry. */
export function toWireError(error: unknown, toErrorId: (error: unknown) => string): WireError {
  if (error instanceof TaskError || error instanceof EdgeError) {
    return fromFault(error.fault, error.message);
  }
  if (error instanceof AuthError) {
    return { ...fromAuthFault(error.fault, error.message), challenge: error.challenge };
  }
  const errorId = toErrorId(error);
  const details = [errorInfo("INTERNAL", { errorId })];
  return of(
    -32603,
    500,
    "INTERNAL",
    `Internal error. Report it to the operator of this gateway with the id ${errorId}, which is in its log.`,
    details,
    500,
  );
}

/** ErrorInfo comes first: over HTTP+JSON clients identify an error by it, and some read only the first detail. */
function fromFault(fault: TaskFault | EdgeFault, message: string): WireError {
  switch (fault.code) {
    case "not-found":
      return of(-32001, 404, "NOT_FOUND", message, [
        errorInfo("TASK_NOT_FOUND", { taskId: fault.taskId.slice(0, 80) }),
      ]);
    case "not-cancelable": {
      const { taskId, state } = fault;
      return of(-32002, 400, "FAILED_PRECONDITION", message, [errorInfo("TASK_NOT_CANCELABLE", { taskId, state })]);
    }
    case "push-unsupported":
      return of(-32003, 400, "FAILED_PRECONDITION", message, [errorInfo("PUSH_NOTIFICATION_NOT_SUPPORTED")]);
    case "unsupported":
      return of(-32004, 400, "FAILED_PRECONDITION", message, [errorInfo("UNSUPPORTED_OPERATION")]);
    case "content-type":
      return of(-32005, 400, "INVALID_ARGUMENT", message, [errorInfo("CONTENT_TYPE_NOT_SUPPORTED")]);
    case "media-type":
      return of(-32005, 400, "INVALID_ARGUMENT", message, [errorInfo("CONTENT_TYPE_NOT_SUPPORTED")], 400);
    case "content-encoding": {
      const error = of(-32005, 415, "INVALID_ARGUMENT", message, [errorInfo("CONTENT_TYPE_NOT_SUPPORTED")], 415);
      return { ...error, acceptEncoding: "identity" };
    }
    case "invalid-agent-response":
      return of(-32006, 500, "INTERNAL", message, [errorInfo("INVALID_AGENT_RESPONSE")]);
    case "version":
      return of(-32009, 400, "FAILED_PRECONDITION", message, [errorInfo("VERSION_NOT_SUPPORTED")]);
    case "invalid":
      return of(-32602, 400, "INVALID_ARGUMENT", `Invalid parameters: ${message}`, [
        errorInfo("INVALID_PARAMS"),
        badRequest(fault.violations),
      ]);
    case "bad-json":
      return of(-32700, 400, "INVALID_ARGUMENT", message, [errorInfo("PARSE_ERROR")]);
    case "invalid-request":
      return of(-32600, 400, "INVALID_ARGUMENT", message, [errorInfo("INVALID_REQUEST")]);
    case "unknown-method":
      return of(-32601, 501, "UNIMPLEMENTED", message, [errorInfo("METHOD_NOT_FOUND")]);
    case "too-large":
      return of(-32600, 413, "INVALID_ARGUMENT", message, [errorInfo("INVALID_REQUEST")], 413);
    case "busy":
      return toRetried(of(-32603, 429, "RESOURCE_EXHAUSTED", message, [], 429), fault.retryAfter);
    case "unavailable":
      return toRetried(of(-32603, 503, "UNAVAILABLE", message, [], 503), fault.retryAfter);
  }
}

/**
 * A2A uses HTTP status codes for these (specification 3.3.2), also over JSON-RPC. No specification defines their code.
 */
function fromAuthFault(fault: AuthFault, message: string): WireError {
  switch (fault.code) {
    case "no-token":
    case "bad-token":
      return of(-32000, 401, "UNAUTHENTICATED", message, [], 401);
    case "forbidden":
      return of(-32000, 403, "PERMISSION_DENIED", message, [], 403);
    case "no-keys":
      return toRetried(of(-32603, 503, "UNAVAILABLE", message, [], 503), fault.retryAfter);
  }
}

function toRetried(error: WireError, retryAfter: number): WireError {
  return { ...error, details: [retryInfo(retryAfter)], retryAfter };
}

function of(
  code: number,
  httpStatus: number,
  status: string,
  message: string,
  details: readonly object[] = [],
  rpcHttpStatus = 200,
): WireError {
  return { code, httpStatus, rpcHttpStatus, status, message, details };
}

function errorInfo(reason: string, metadata?: Record<string, string>): object {
  return {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    reason,
    domain: "a2a-protocol.org",
    ...(metadata && { metadata }),
  };
}

function badRequest(violations: readonly FieldViolation[]): object {
  return { "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: violations };
}

function retryInfo(seconds: number): object {
  return { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: `${seconds}s` };
}

/** google.rpc.Status in ProtoJSON (specification 11.6), the body of every error except over JSON-RPC and 0.3. */
export function toStatusBody({ httpStatus, status, message, details }: WireError): object {
  return { error: { code: httpStatus, status, message, details } };
}

/** An error response for a path that belongs to no A2A binding. */
export function toHttpErrorAnswer(error: WireError, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  const body = JSON.stringify(toStatusBody(error));
  return { status: error.httpStatus, headers: { ...toErrorHeaders(error, "application/json"), ...headers }, body };
}

/** A 404 response. */
export function notFound(message: string): HttpAnswer {
  return toHttpErrorAnswer(of(-32601, 404, "NOT_FOUND", message));
}

/** A 405 response. `allow` lists the methods that the path supports (RFC 9110, 15.5.6). */
export function methodNotAllowed(method: string, allow: string): HttpAnswer {
  const message = `Method ${method.slice(0, 20)} is not allowed here. Use one of: ${allow}.`;
  return toHttpErrorAnswer(of(-32601, 405, "UNIMPLEMENTED", message), { allow });
}

import type { WireError } from "./wire-error.ts";

/**
 * The body of an error of A2A 0.3 over HTTP+JSON. That version's specification defines none, so its SDKs read different
 * members, and this body has all of them: the error object of JSON-RPC (JavaScript), `type` (Python), and
 * google.rpc.Status under `error` (Go, and Java, which fails without an `error`).
 */
export function toLegacyError({ code, httpStatus, status, message, details }: WireError): object {
  const type = TYPES[code];
  return {
    code,
    message,
    ...(type !== undefined && { type }),
    ...(details.length > 0 && { data: details }),
    error: { code: httpStatus, status, message, details },
  };
}

/** Error names in the JSON schema of 0.3. */
const TYPES: Readonly<Record<number, string>> = {
  [-32700]: "JSONParseError",
  [-32600]: "InvalidRequestError",
  [-32601]: "MethodNotFoundError",
  [-32602]: "InvalidParamsError",
  [-32603]: "InternalError",
  [-32001]: "TaskNotFoundError",
  [-32002]: "TaskNotCancelableError",
  [-32003]: "PushNotificationNotSupportedError",
  [-32004]: "UnsupportedOperationError",
  [-32005]: "ContentTypeNotSupportedError",
  [-32006]: "InvalidAgentResponseError",
};

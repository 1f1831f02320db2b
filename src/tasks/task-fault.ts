/** Why the engine refuses a call. `protocol/bindings/wire-error.ts` translates each into an error response. */
export type TaskFault =
  | { readonly code: "not-found"; readonly taskId: string }
  | { readonly code: "not-cancelable"; readonly taskId: string; readonly state: string }
  | { readonly code: "unsupported"; readonly message: string }
  | { readonly code: "invalid"; readonly violations: readonly FieldViolation[] }
  | { readonly code: "content-type"; readonly message: string }
  | { readonly code: "push-unsupported" }
  | { readonly code: "invalid-agent-response"; readonly message: string }
  /** A limit of this instance is reached; `retryAfter` in seconds. */
  | { readonly code: "busy"; readonly message: string; readonly retryAfter: number }
  /** The store does not answer, or the outcome of a write is unknown; `retryAfter` in seconds. */
  | { readonly code: "unavailable"; readonly message: string; readonly retryAfter: number };

export interface FieldViolation {
  /** Path in the request, such as `message.parts[0]`. */
  readonly field: string;
  readonly description: string;
}

export class TaskError extends Error {
  readonly fault: TaskFault;

  constructor(fault: TaskFault, options?: ErrorOptions) {
    super(describe(fault), options);
    this.name = "TaskError";
    this.fault = fault;
  }
}

export function invalid(field: string, description: string): TaskError {
  return new TaskError({ code: "invalid", violations: [{ field, description }] });
}

function describe(fault: TaskFault): string {
  switch (fault.code) {
    case "not-found":
      return `Task ${JSON.stringify(fault.taskId.slice(0, 80))} was not found.`;
    case "not-cancelable":
      return `Task ${fault.taskId} cannot be canceled: it has already ended as ${fault.state}.`;
    case "invalid":
      return fault.violations.map(({ field, description }) => `${field}: ${description}`).join("; ");
    case "push-unsupported":
      return "This agent does not support push notifications.";
    default:
      return fault.message;
  }
}

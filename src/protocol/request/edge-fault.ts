/**
 * Why the edge refuses a request before it reaches the engine. `wire-error.ts` translates each into an error response.
 */
export type EdgeFault =
  | { readonly code: "bad-json"; readonly message: string }
  | { readonly code: "invalid-request"; readonly message: string }
  | { readonly code: "unknown-method"; readonly message: string }
  | { readonly code: "too-large"; readonly limit: number }
  /** The media type of the body is not supported. The engine's `content-type` is about parts. */
  | { readonly code: "media-type"; readonly message: string }
  /** The body is compressed. */
  | { readonly code: "content-encoding"; readonly message: string }
  | { readonly code: "version"; readonly message: string };

export class EdgeError extends Error {
  readonly fault: EdgeFault;

  constructor(fault: EdgeFault) {
    super(
      fault.code === "too-large" ? `The request body is too large. The limit is ${fault.limit} bytes.` : fault.message,
    );
    this.name = "EdgeError";
    this.fault = fault;
  }
}

/** Why the edge refuses a request before the engine sees it, as data. `wire-error.ts` turns each into its wire form. */
export type EdgeFault =
  | { readonly code: "bad-json"; readonly message: string }
  | { readonly code: "invalid-request"; readonly message: string }
  | { readonly code: "unknown-method"; readonly message: string }
  | { readonly code: "too-large"; readonly limit: number }
  /** The body's own media type, unlike the engine's `content-type`, which is about parts. */
  | { readonly code: "media-type"; readonly message: string }
  /** The body is compressed. */
  | { readonly code: "content-encoding"; readonly message: string }
  | { readonly code: "version"; readonly message: string };

export class EdgeError extends Error {
  readonly fault: EdgeFault;

  constructor(fault: EdgeFault) {
    super(fault.code === "too-large" ? `The body is larger than ${fault.limit} bytes.` : fault.message);
    this.name = "EdgeError";
    this.fault = fault;
  }
}

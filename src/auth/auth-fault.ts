/** Why a request's credentials are refused, as data. `protocol/bindings/wire-error.ts` gives each its wire form. */
export type AuthFault =
  | { readonly code: "no-token" }
  /** The reason is only logged: a client that forges tokens must not learn what to fix. */
  | { readonly code: "bad-token"; readonly reason: BadToken }
  /** The caller is known but not allowed to do this; it would need `role`. */
  | { readonly code: "forbidden"; readonly role: string }
  /** The issuer's keys are not available; `retryAfter` in seconds. */
  | { readonly code: "no-keys"; readonly retryAfter: number };

export type BadToken =
  | "not-bearer"
  | "malformed"
  | "too-long"
  | "unknown-issuer"
  | "algorithm"
  | "unknown-key"
  | "signature"
  | "audience"
  | "expired"
  | "not-yet-valid"
  | "lifetime"
  | "not-an-access-token"
  | "no-subject";

export class AuthError extends Error {
  override readonly name = "AuthError";
  readonly fault: AuthFault;
  /** Value of the response header `WWW-Authenticate`. */
  readonly challenge: string | undefined;

  constructor(fault: AuthFault, options?: ErrorOptions & { readonly challenge?: string | undefined }) {
    super(describe(fault), options);
    this.fault = fault;
    this.challenge = options?.challenge;
  }
}

function describe(fault: AuthFault): string {
  switch (fault.code) {
    case "no-token":
      return "An access token is required. Send it in the header Authorization: Bearer …";
    case "bad-token":
      return "The access token is not valid here. Request a new one from an issuer that the Agent Card lists.";
    case "forbidden":
      return "The caller lacks a role that this request needs.";
    case "no-keys":
      return "The access token cannot be verified at the moment. Retry later.";
  }
}

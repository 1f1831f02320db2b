/** Why a request's credentials are refused, as data. `protocol/wire-error.ts` turns each into its wire form. */
export type AuthFault =
  | { readonly code: "no-token" }
  /** The reason is for the log: whoever forges tokens is not told what to mend. */
  | { readonly code: "bad-token"; readonly reason: BadToken }
  /** The caller is known, and may not do this. `role` would let it. */
  | { readonly code: "forbidden"; readonly role: string }
  /** The issuer's keys cannot be had; `retryAfter` in seconds. */
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
  /** What the response says in `WWW-Authenticate`. */
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
      return "This needs an access token: send the header Authorization: Bearer …";
    case "bad-token":
      return "The access token does not count here. Get a new one from the issuer that the Agent Card names.";
    case "forbidden":
      return "The caller may not do this: it lacks a role.";
    case "no-keys":
      return "The access token cannot be checked now. Try again.";
  }
}

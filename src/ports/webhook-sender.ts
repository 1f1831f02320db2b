/** One notification as it is sent. */
export interface WebhookCall {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * - `answered`: the receiver's HTTP status; redirects are not followed.
 * - `refused`: the gateway never calls this address.
 * - `failed`: there was no response.
 */
export type WebhookOutcome =
  | { readonly code: "answered"; readonly status: number }
  | { readonly code: "refused"; readonly reason: string }
  | { readonly code: "failed"; readonly reason: string };

/** Calls webhooks. Callers choose their URLs, so it must not call addresses that only the gateway can reach. */
export interface WebhookSender {
  /** Never rejects. Resolves within 10 s. */
  post(call: WebhookCall): Promise<WebhookOutcome>;
  /** Why a URL may never be called, without a DNS lookup; undefined if it may be. */
  toRefusal(url: string): string | undefined;
}

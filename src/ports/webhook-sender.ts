/** One notification as it goes out. */
export interface WebhookCall {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * - `answered`: the receiver's HTTP status; redirects are not followed.
 * - `refused`: the gateway does not call this address, now or later.
 * - `failed`: no answer came.
 */
export type WebhookOutcome =
  | { readonly code: "answered"; readonly status: number }
  | { readonly code: "refused"; readonly reason: string }
  | { readonly code: "failed"; readonly reason: string };

/** Calls webhooks, which callers choose: it must not reach what only the gateway can reach. */
export interface WebhookSender {
  /** Never rejects. Resolves within 10 s. */
  post(call: WebhookCall): Promise<WebhookOutcome>;
  /** Why a URL can never be called, as far as it shows without looking up its host; undefined when it may be. */
  toRefusal(url: string): string | undefined;
}

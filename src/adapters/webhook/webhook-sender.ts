import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import type { LookupFunction } from "node:net";
import type { WebhookCall, WebhookOutcome, WebhookSender } from "../../ports/webhook-sender.ts";
import { createCheckedLookup, RefusedAddress } from "./checked-lookup.ts";
import type { Resolve } from "./checked-lookup.ts";
import { isPublicAddress } from "./public-address.ts";

/** Time limit for a call until the response headers, in ms. */
const TIMEOUT = 10_000;

export interface WebhookSenderOptions {
  /** `host` or `host:port` that may be called with any address, and over http. */
  readonly allowedHosts: readonly string[];
  readonly resolve?: Resolve;
  readonly timeout?: number;
}

/**
 * Calls webhooks over HTTPS. The address is checked when the connection is made, and the connection goes to the checked
 * address, so a second DNS answer cannot change it. Redirects are not followed.
 */
export function createWebhookSender({ allowedHosts, resolve, timeout = TIMEOUT }: WebhookSenderOptions): WebhookSender {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()));
  const lookup = createCheckedLookup(resolve);

  return {
    toRefusal(text) {
      const url = URL.parse(text);
      if (!url || (url.protocol !== "https:" && url.protocol !== "http:")) {
        return "must be an https URL";
      }
      if (url.username !== "" || url.password !== "") {
        return "must not have a user or a password; use authentication";
      }
      if (isAllowed(url)) {
        return undefined;
      }
      if (url.protocol !== "https:") {
        return "must be an https URL";
      }
      return isForbiddenHost(url) ? "must be a host that is reachable from everywhere" : undefined;
    },
    async post(call) {
      const refusal = this.toRefusal(call.url);
      if (refusal !== undefined) {
        return { code: "refused", reason: `the URL ${refusal}` };
      }
      const url = new URL(call.url);
      return send(url, call, isAllowed(url) ? undefined : lookup, timeout);
    },
  };

  function isAllowed(url: URL): boolean {
    return allowed.has(url.hostname) || allowed.has(url.host) || allowed.has(`${url.hostname}:${portOf(url)}`);
  }
}

function portOf({ port, protocol }: URL): string {
  return port || (protocol === "https:" ? "443" : "80");
}

/** URL parsing normalizes addresses of any notation. Host names are checked when they are called. */
function isForbiddenHost({ hostname }: URL): boolean {
  const host = hostname.replaceAll(/^\[|\]$|\.$/g, "");
  if (isIP(host) !== 0) {
    return !isPublicAddress(host);
  }
  return host === "localhost" || host.endsWith(".localhost") || !host.includes(".");
}

function send(
  url: URL,
  { headers, body }: WebhookCall,
  lookup: LookupFunction | undefined,
  timeout: number,
): Promise<WebhookOutcome> {
  return new Promise((resolve) => {
    const request = (url.protocol === "https:" ? requestHttps : requestHttp)(url, {
      method: "POST",
      headers: { ...headers, "content-length": Buffer.byteLength(body) },
      // A new connection: a reused one may have been checked for another name.
      agent: false,
      signal: AbortSignal.timeout(timeout),
      ...(lookup && { lookup }),
    });
    request.once("response", (response) => {
      // Only the status is used; the body is not read.
      resolve({ code: "answered", status: response.statusCode ?? 0 });
      response.destroy();
    });
    request.once("error", (error) => {
      resolve(
        error instanceof RefusedAddress
          ? { code: "refused", reason: error.message }
          : { code: "failed", reason: reasonOf(error) },
      );
    });
    request.end(body);
  });
}

function reasonOf(error: Error): string {
  if (error.name === "AbortError" || error.name === "TimeoutError") {
    return "no answer in time";
  }
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}

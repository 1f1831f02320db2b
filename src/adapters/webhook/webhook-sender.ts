import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import type { LookupFunction } from "node:net";
import type { WebhookCall, WebhookOutcome, WebhookSender } from "../../ports/webhook-sender.ts";
import { createCheckedLookup, RefusedAddress } from "./checked-lookup.ts";
import type { Resolve } from "./checked-lookup.ts";
import { isPublicAddress } from "./public-address.ts";

/** For a whole call, its answer's head included, in ms. */
const TIMEOUT = 10_000;

export interface WebhookSenderOptions {
  /** `host` or `host:port` that may be called whatever its address, and over http too. */
  readonly allowedHosts: readonly string[];
  readonly resolve?: Resolve;
  readonly timeout?: number;
}

/**
 * Calls webhooks over HTTPS. The address is checked when the connection is made, and the connection goes to the very
 * address that was checked: a name that answers something else the second time gains nothing. No redirects.
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

/** An address in any notation is a plain one in a parsed URL; names are looked up when they are called. */
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
      // A connection of its own: one that is kept was checked for another name.
      agent: false,
      signal: AbortSignal.timeout(timeout),
      ...(lookup && { lookup }),
    });
    request.once("response", (response) => {
      // Only the status counts; the rest is not read.
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

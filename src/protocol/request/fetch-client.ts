import type { HttpRequest } from "../../ports/http-exchange.ts";

/**
 * Whether the client uses the Fetch API, as the JavaScript SDKs do. `fetch` sends Sec-Fetch-Mode in browsers, Node.js
 * and Deno, and no other client sends it. Used by decisions 0012 and 0013.
 */
export function isFetchClient(request: Pick<HttpRequest, "header">): boolean {
  return request.header("sec-fetch-mode") !== undefined;
}

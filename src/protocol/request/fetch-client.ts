import type { HttpRequest } from "../../ports/http-exchange.ts";

/**
 * Whether the client uses the Fetch API, as the JavaScript SDKs do: `fetch` sends Sec-Fetch-Mode by itself, in browsers,
 * Node.js and Deno, and no other client sends it. Decisions 0012 and 0013 say where that matters.
 */
export function isFetchClient(request: Pick<HttpRequest, "header">): boolean {
  return request.header("sec-fetch-mode") !== undefined;
}

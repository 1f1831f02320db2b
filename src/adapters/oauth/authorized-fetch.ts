import type { OutgoingTokens, TokenRequest } from "../../ports/outgoing-tokens.ts";

/**
 * A `fetch` that sends a token to one origin only, because an agent's card may contain any URL. If the token is refused (401)
 * it gets a new one and sends the request once more, unless the body is a stream.
 * @throws TypeError for a URL of another origin
 */
export function createAuthorizedFetch(
  tokens: OutgoingTokens,
  request: TokenRequest,
  origin: string,
  send: typeof fetch = fetch,
): typeof fetch {
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.origin !== origin) {
      throw new TypeError(`the token for ${request.resource} may only be sent to ${origin}, not to ${url.origin}`);
    }
    const token = await tokens.get(request);
    const response = await send(input, withToken(input, init, token));
    if (response.status !== 401 || !isRepeatable(input, init)) {
      return response;
    }
    tokens.drop(request, token);
    const another = await tokens.get(request);
    if (another === token) {
      return response;
    }
    await response.body?.cancel();
    return send(input, withToken(input, init, another));
  };
}

function isRepeatable(input: Parameters<typeof fetch>[0], { body }: RequestInit): boolean {
  const isStream = typeof body === "object" && body !== null && Symbol.asyncIterator in body;
  return !isStream && !(input instanceof Request && input.body);
}

/** A token is never sent to another origin by a redirect. */
function withToken(input: Parameters<typeof fetch>[0], init: RequestInit, token: string): RequestInit {
  const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : undefined));
  headers.set("authorization", `Bearer ${token}`);
  return { ...init, headers, redirect: "error" };
}

import type { OutgoingTokens, TokenRequest } from "../../ports/outgoing-tokens.ts";

/**
 * A `fetch` that shows a token to one origin, and to no other: an agent's card may name any URL. A token that is refused
 * (401) is replaced, and the request sent once more; a body that is a stream cannot be sent again, and its answer is the
 * first one. @throws TypeError for a URL of another origin
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
      throw new TypeError(`a token for ${request.resource} is for ${origin} alone, and not shown to ${url.origin}`);
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

/** A token never follows a redirect to somebody else. */
function withToken(input: Parameters<typeof fetch>[0], init: RequestInit, token: string): RequestInit {
  const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : undefined));
  headers.set("authorization", `Bearer ${token}`);
  return { ...init, headers, redirect: "error" };
}

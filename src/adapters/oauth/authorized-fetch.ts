import type { OutgoingTokens, TokenRequest } from "../../ports/outgoing-tokens.ts";

/**
 * A `fetch` that shows a token. One that is refused (401) is replaced, and the request sent once more; a request whose
 * body is a stream cannot be sent again, and its answer is the first one.
 */
export function createAuthorizedFetch(
  tokens: OutgoingTokens,
  request: TokenRequest,
  send: typeof fetch = fetch,
): typeof fetch {
  return async (input, init = {}) => {
    const token = await tokens.get(request);
    const response = await send(input, withToken(input, init, token));
    const isRepeatable = !(init.body instanceof ReadableStream) && !(input instanceof Request && input.body);
    if (response.status !== 401 || !isRepeatable) {
      return response;
    }
    await response.body?.cancel();
    tokens.drop(request, token);
    return send(input, withToken(input, init, await tokens.get(request)));
  };
}

function withToken(input: Parameters<typeof fetch>[0], init: RequestInit, token: string): RequestInit {
  const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : undefined));
  headers.set("authorization", `Bearer ${token}`);
  return { ...init, headers };
}

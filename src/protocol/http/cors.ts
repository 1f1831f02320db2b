import type { HttpAnswer, HttpRequest } from "../../ports/http-exchange.ts";

/** Which pages may call, and what they may read of an answer (the Fetch standard, "CORS protocol"). */
export interface Cors {
  /** The answer to a preflight request; undefined for every other request. */
  answerPreflight(request: HttpRequest): HttpAnswer | undefined;
  /** The answer with what lets the page of this request read it. */
  allow(request: HttpRequest, answer: HttpAnswer): HttpAnswer;
}

const EXPOSED = "A2A-Extensions,X-A2A-Extensions,ETag,Retry-After,WWW-Authenticate";
const METHODS = "GET,HEAD,POST,DELETE";

/** `origins` are compared whole; `*` stands for any. */
export function createCors(origins: readonly string[]): Cors {
  const isAny = origins.includes("*");
  const allowed = new Set(origins);
  // Where the answer depends on who asks, caches must know.
  const vary: Readonly<Record<string, string>> = isAny ? {} : { vary: "Origin" };

  return {
    answerPreflight(request) {
      if (request.method !== "OPTIONS" || request.header("access-control-request-method") === undefined) {
        return undefined;
      }
      const asked = request.header("access-control-request-headers");
      const headers = {
        ...originHeader(request),
        "access-control-allow-methods": METHODS,
        ...(asked !== undefined && { "access-control-allow-headers": asked }),
        vary: isAny ? "Access-Control-Request-Headers" : "Origin, Access-Control-Request-Headers",
      };
      return { status: 204, headers };
    },
    allow(request, answer) {
      const headers = { ...originHeader(request), "access-control-expose-headers": EXPOSED, ...vary };
      return { ...answer, headers: { ...answer.headers, ...headers, ...bothVary(answer, vary) } };
    },
  };

  function originHeader(request: HttpRequest): Readonly<Record<string, string>> {
    const origin = request.header("origin");
    if (isAny) {
      return { "access-control-allow-origin": "*" };
    }
    return origin !== undefined && allowed.has(origin) ? { "access-control-allow-origin": origin } : {};
  }
}

function bothVary(
  { headers }: HttpAnswer,
  { vary }: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return headers["vary"] !== undefined && vary !== undefined ? { vary: `${headers["vary"]}, ${vary}` } : {};
}

import type { HttpAnswer, HttpRequest } from "../../ports/http-exchange.ts";

/** Which web pages may call the gateway, and which response headers they may read (Fetch standard, "CORS protocol"). */
export interface Cors {
  /** The answer to a preflight request; undefined for every other request. */
  answerPreflight(request: HttpRequest): HttpAnswer | undefined;
  /** Adds the headers that let the page of this request read the answer. */
  allow(request: HttpRequest, answer: HttpAnswer): HttpAnswer;
}

const EXPOSED = "A2A-Extensions,X-A2A-Extensions,ETag,Retry-After,WWW-Authenticate";
const METHODS = "GET,HEAD,POST,DELETE";

/** An origin must equal one of `origins`; `*` allows all. */
export function createCors(origins: readonly string[]): Cors {
  const isAny = origins.includes("*");
  const allowed = new Set(origins);
  // The answer depends on the request's Origin, which caches must take into account.
  const vary: Readonly<Record<string, string>> = isAny ? {} : { vary: "Origin" };

  return {
    answerPreflight(request) {
      if (request.method !== "OPTIONS" || request.header("access-control-request-method") === undefined) {
        return undefined;
      }
      const requestedHeaders = request.header("access-control-request-headers");
      const headers = {
        ...originHeader(request),
        "access-control-allow-methods": METHODS,
        ...(requestedHeaders !== undefined && { "access-control-allow-headers": requestedHeaders }),
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

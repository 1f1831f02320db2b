import { describe, expect, test } from "vitest";
import type { HttpRequest } from "../../../src/ports/http-exchange.ts";
import { createCors } from "../../../src/protocol/http/cors.ts";
import { createFakeGateway } from "./fake-gateway.ts";

const PAGE = "https://page.test";
const preflight = { origin: PAGE, "access-control-request-method": "POST" };

function request(method: string, headers: Readonly<Record<string, string>>): HttpRequest {
  return {
    method,
    target: "/",
    header: (name) => headers[name],
    readText: () => Promise.reject(new Error("nobody reads it")),
    signal: new AbortController().signal,
  };
}

describe("a preflight request", () => {
  test("of a configured page is answered with what it may send", () => {
    const asked = { ...preflight, "access-control-request-headers": "a2a-version,content-type" };
    expect(createCors([PAGE, "https://other.test"]).answerPreflight(request("OPTIONS", asked))).toEqual({
      status: 204,
      headers: {
        "access-control-allow-origin": PAGE,
        "access-control-allow-methods": "GET,HEAD,POST,DELETE",
        "access-control-allow-headers": "a2a-version,content-type",
        vary: "Origin, Access-Control-Request-Headers",
      },
    });
  });

  test.each(["https://page.test.evil.test", "https://page.tes", "http://page.test", "null", "https://PAGE.test", "*"])(
    "of %s, which is no configured page, is not let in",
    (origin) => {
      const answer = createCors([PAGE]).answerPreflight(request("OPTIONS", { ...preflight, origin }));
      expect(answer?.headers).not.toHaveProperty("access-control-allow-origin");
      expect(answer?.headers["vary"]).toContain("Origin");
    },
  );

  test("where any page may call is not told apart by its origin", () => {
    const answer = createCors(["*"]).answerPreflight(request("OPTIONS", preflight));
    expect(answer?.headers["access-control-allow-origin"]).toBe("*");
    expect(answer?.headers["vary"]).toBe("Access-Control-Request-Headers");
    expect(answer?.headers).not.toHaveProperty("access-control-allow-headers");
  });

  test("is one only with OPTIONS and a method that it asks for", () => {
    const cors = createCors([PAGE]);
    expect(cors.answerPreflight(request("OPTIONS", { origin: PAGE }))).toBeUndefined();
    expect(cors.answerPreflight(request("POST", preflight))).toBeUndefined();
  });
});

describe("an answer", () => {
  const answer = { status: 200, headers: { "content-type": "text/plain" }, body: "text" };

  test("may be read by a configured page, its own headers and body as they were", () => {
    const allowed = createCors([PAGE]).allow(request("GET", { origin: PAGE }), answer);
    expect(allowed).toEqual({
      ...answer,
      headers: {
        "content-type": "text/plain",
        "access-control-allow-origin": PAGE,
        "access-control-expose-headers": "A2A-Extensions,X-A2A-Extensions,ETag,Retry-After,WWW-Authenticate",
        vary: "Origin",
      },
    });
  });

  test.each([["https://other.test"], [undefined]])(
    "to %s is no page's, and varies by origin all the same",
    (origin) => {
      const { headers } = createCors([PAGE]).allow(request("GET", origin === undefined ? {} : { origin }), answer);
      expect(headers).not.toHaveProperty("access-control-allow-origin");
      expect(headers["vary"]).toBe("Origin");
    },
  );

  test("keeps what it varies by itself", () => {
    const varying = { ...answer, headers: { vary: "A2A-Version" } };
    const asked = request("GET", { origin: PAGE });
    expect(createCors([PAGE]).allow(asked, varying).headers["vary"]).toBe("A2A-Version, Origin");
    expect(createCors(["*"]).allow(asked, varying).headers["vary"]).toBe("A2A-Version");
  });

  test("never lets a page send the user's credentials", () => {
    for (const origins of [[PAGE], ["*"], ["*", PAGE]]) {
      const cors = createCors(origins);
      const asked = request("OPTIONS", preflight);
      for (const { headers } of [cors.answerPreflight(asked) ?? answer, cors.allow(asked, answer)]) {
        expect(headers).not.toHaveProperty("access-control-allow-credentials");
      }
    }
  });
});

test("every kind of answer of a gateway with configured pages can be read by them, errors too", async () => {
  const { fetch } = createFakeGateway({}, { corsOrigins: [PAGE], ready: () => Promise.reject(new Error("secret")) });
  const statuses: number[] = [];
  for (const [path, method] of [
    ["/livez", "GET"],
    ["/readyz", "GET"],
    ["/nothing/at/all", "GET"],
    ["/agents", "DELETE"],
    ["/agents", "HEAD"],
    ["/agents/echo", "OPTIONS"],
    ["/tasks/t-1:subscribe", "GET"],
  ] as const) {
    const response = await fetch(path, { method, headers: { origin: PAGE, "a2a-version": "1.0" } });
    statuses.push(response.status);
    expect([path, response.headers.get("access-control-allow-origin")]).toEqual([path, PAGE]);
    await response.body?.cancel();
  }
  expect(statuses).toEqual([200, 500, 404, 405, 200, 204, 200]);
});

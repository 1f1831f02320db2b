import { bearer, message, rest, rpc, toVerdict } from "./attack.ts";
import type { Attack } from "./attack.ts";
import { call, callRaw } from "./world.ts";
import type { RawRequest, World } from "./world.ts";

const CLOSED = "closed";

/** Ways around the check by how a path, a method or a header is written. None has a token but where it says so. */
export const pathAttacks: readonly Attack[] = [
  ...[
    "//agents/echo/tasks",
    "/agents//echo/tasks",
    "/agents/echo//tasks",
    "/agents/echo/tasks/",
    "/agents/echo/tasks/%2e%2e",
    "/agents/%65cho/tasks",
    "/%61gents/echo/tasks",
    "/AGENTS/ECHO/TASKS",
    "/agents/echo/.well-known/agent-card.json/../../tasks",
    "/agents/echo/.well-known%2fagent-card.json",
    "/livez/../agents",
    "/livez/..%2fagents",
    "/readyz;/../agents/echo/tasks",
    "/agents/echo/tasks;.well-known/agent-card.json",
    "/agents/echo/tasks?/.well-known/agent-card.json",
    "/agents/echo/tasks#/.well-known/agent-card.json",
    "/agents/echo/tasks%00.json",
    "/agents/echo@1/tasks",
    "/tenant/tasks",
    "/agents/echo/tenant/tasks",
    "/.well-known/../agents/echo/tasks",
    "/agents/..;/agents/echo/tasks",
    "/agents/echo\\..\\tasks",
  ].map((path) => get(`GET ${path}`, path)),
  attack("a method that another names (X-HTTP-Method-Override)", "401 no token", (world) =>
    ask(world, "/agents/echo", rpc("SendMessage", { message: message() }, { "x-http-method-override": "OPTIONS" })),
  ),
  attack("OPTIONS that would be a call", "204", (world) =>
    ask(world, "/agents/echo", { ...rpc("SendMessage", { message: message() }), method: "OPTIONS" }),
  ),
  attack("HEAD of what needs a token", "401 no token", (world) => ask(world, "/agents", { method: "HEAD" })),
  attack("TRACE", "404 or 405", async (world) => {
    const verdict = await ask(world, "/agents/echo", { method: "TRACE" });
    return ["404", "405", "400", "500"].includes(verdict) && verdict !== "500" ? "404 or 405" : verdict;
  }),
  ...["x-ms-client-principal", "x-forwarded-user", "x-original-url", "x-rewrite-url", "x-auth-request-email"].map(
    (name) =>
      attack(`an identity by header (${name})`, "401 no token", (world) =>
        ask(world, "/agents/echo", rpc("SendMessage", { message: message() }, { [name]: "/livez" })),
      ),
  ),
  attack("a Host header of somebody else's in the card", "our own URL", async (world) => {
    const { text } = await call(world.host.url, "/agents/echo/.well-known/agent-card.json", {
      headers: { host: "evil.test", "x-forwarded-host": "evil.test", forwarded: "host=evil.test" },
    });
    return text.includes("evil.test") ? text : "our own URL";
  }),
  attack("a Host header of somebody else's in a challenge", "our own URL", async (world) => {
    const { headers } = await call(world.host.url, "/agents", { headers: { host: "evil.test" } });
    return String(headers["www-authenticate"]).includes("evil.test") ? "theirs" : "our own URL";
  }),
  attack("two lengths of one body", "400", async (world) => {
    const head = "POST /agents/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 40\r\n\r\n";
    return toStatus(await callRaw(world.host.url, `${head}{}{}GET /agents HTTP/1.1\r\n\r\n`));
  }),
  attack("a length and chunks of one body", "400", async (world) => {
    const head = "POST /agents/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n";
    return toStatus(await callRaw(world.host.url, `${head}0\r\n\r\nGET /agents HTTP/1.1\r\nHost: a\r\n\r\n`));
  }),
  attack("a header with a line break (CRLF)", "400", async (world) => {
    const token = await world.token();
    const head = `POST /agents/echo HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nA2A-Extensions: x\rSet-Cookie: a=b\r\n`;
    return toStatus(await callRaw(world.host.url, `${head}\r\n`));
  }),
  attack("a version that would write a header (%0d%0a)", "nothing written", async (world) => {
    const path = "/agents/echo/tasks?A2A-Version=1.0%0d%0aSet-Cookie:a=b";
    const { headers } = await call(world.host.url, path, rest("GET", undefined, bearer(await world.token())));
    return headers["set-cookie"] === undefined ? "nothing written" : "a cookie";
  }),
];

function get(name: string, path: string): Attack {
  return attack(name, CLOSED, async (world) => {
    const verdict = await ask(world, path, { headers: { "a2a-version": "1.0" } });
    return ["401 no token", "404", "405", "400"].includes(verdict) ? CLOSED : verdict;
  });
}

function attack(name: string, expected: string, run: (world: World) => Promise<string>): Attack {
  return { name, expected, run };
}

async function ask(world: World, path: string, request: RawRequest): Promise<string> {
  return toVerdict(await call(world.host.url, path, request));
}

function toStatus(answer: string): string {
  return /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? "no answer";
}

import { once } from "node:events";
import { request } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { buildFunctions } from "../support/functions-bundle.ts";
import type { FunctionsBundle } from "../support/functions-bundle.ts";
import { startFunctionsHost } from "../support/functions-core/functions-host.ts";
import type { FunctionsHost } from "../support/functions-core/functions-host.ts";

/** What the Functions host and its worker do that no server may rely on: docs/functions.md lists it. */

let bundle: FunctionsBundle;
let host: FunctionsHost;

beforeAll(async () => {
  bundle = await buildFunctions("gateway.config.ts", "test/hosts/fixture-functions.ts");
  host = await startFunctionsHost(bundle.main, {});
});

afterAll(async () => {
  await host.kill();
  bundle.remove();
});

describe("a client cannot forge or hide headers", () => {
  const real = { authorization: "Bearer real", "x-ms-client-principal": "real" };
  const forged = { authorization: "Bearer forged", "x-ms-client-principal": "forged", Authorization: "Bearer forged" };
  const json = JSON.stringify(forged);
  const post = (body: object): RequestInit => ({ method: "POST", body: JSON.stringify(body) });

  test.each<[string, string, RequestInit]>([
    ["the query key Headers", `/?Headers=${encodeURIComponent(json)}`, {}],
    ["the query key headers", `/?headers=${encodeURIComponent(json)}`, {}],
    ["the query key HEADERS", `/?HEADERS=${encodeURIComponent(json)}`, {}],
    ["the query key params", `/?params=${encodeURIComponent(json)}`, {}],
    ["a query key Headers without headers in it", "/?Headers=none", {}],
    ["a query key Headers that no headers can be made of", `/?Headers=${encodeURIComponent('{"a b":"c"}')}`, {}],
    ["the body member Headers", "/", post({ Headers: forged })],
    ["the body member headers", "/", post({ headers: forged })],
    ["the body member params", "/", post({ params: forged, jsonrpc: "2.0", id: "1", method: "GetTask" })],
  ])("by %s", async (_what, path, init) => {
    const withThem = await seenBy(path, { ...init, headers: real });
    expect(withThem.headers).toMatchObject(real);
    const without = await seenBy(path, init);
    expect(without.headers).not.toHaveProperty("authorization");
    expect(without.headers).not.toHaveProperty("x-ms-client-principal");
  });
});

test.each([
  ["/a%2Fb/c%2fd?q=%252F", "/a%2Fb/c%2Fd?q=%252F"],
  ["/agents/x/tasks/1%3Acancel", "/agents/x/tasks/1%3Acancel"],
])("the path %s is the one that the client sent", async (path, expected) => {
  const { url } = await seenBy(path);
  expect(url.replace(/^https?:\/\/[^/]+/, "")).toBe(expected);
});

test("every method reaches the gateway's own router", async () => {
  for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
    expect(await seenBy("/", { method })).toMatchObject({ method });
  }
  expect((await fetch(host.url, { method: "HEAD" })).status).toBe(200);
});

test("bodies arrive whole, with a length and without", async () => {
  const text = "0123456789".repeat(300_000);
  expect((await seenBy("/", { method: "POST", body: text })).body).toBe(text);
  const body = new Blob([text]).stream();
  expect((await seenBy("/", { method: "POST", body, duplex: "half" })).body).toBe(text);
});

describe("a handler that fails leaves no client waiting:", () => {
  test.each(["/throws", "/rejects", "/nothing"])("%s is answered 500 at once, without the reason", async (path) => {
    const asked = performance.now();
    const response = await fetch(host.url + path);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret");
    expect(performance.now() - asked).toBeLessThan(1_000);
    await untilNothingIsOpen();
  });

  test("a stream that fails midway is cut at once, after what it had", async () => {
    const asked = performance.now();
    const { answer } = await open("/midway");
    let text = "";
    answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
    const [error] = await once(answer, "error");
    expect(error).toMatchObject({ code: "ECONNRESET" });
    expect(text).toMatch(/^chunk 1\n/);
    expect(performance.now() - asked).toBeLessThan(1_000);
    await untilNothingIsOpen();
  });
});

test("a client that leaves is noticed at once, and the invocation lasts until the work that it began has ended", async () => {
  const { call, answer } = await open("/work");
  await once(answer, "data");
  call.destroy();
  await vi.waitFor(async () => expect(await seenThere()).toMatchObject({ aborted: true }), {
    timeout: 500,
    interval: 5,
  });

  expect(host.worker.open).toContain(idOf(answer));
  await fetch(`${host.url}/settle`);
  await vi.waitFor(() => expect(host.worker.open).not.toContain(idOf(answer)), 500);
});

describe("a stream that ends", () => {
  test("before its turn is cut after a second, and its invocation lasts as long as the turn", async () => {
    const asked = performance.now();
    const { answer } = await open("/ended-early");
    let text = "";
    answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
    await new Promise((resolve) => answer.once("close", resolve));
    expect(performance.now() - asked).toBeLessThan(3_000);
    expect(text).toBe("all of it");
    expect(host.worker.open).toContain(idOf(answer));
    await fetch(`${host.url}/settle`);
    await untilNothingIsOpen();
  });

  test("within a second of its turn ends in order", async () => {
    expect(await (await fetch(`${host.url}/ended`)).text()).toBe("all of it");
  });
});

test.each([5_000, 3_000_000])(
  "a body of %d bytes without a length is refused with 413 when it is over the limit",
  async (size) => {
    const call = request(`${host.url}/small`, { method: "POST" });
    const [answer] = await Promise.all([
      once(call, "response").then(([response]) => response as IncomingMessage),
      sendSlowly(call, size),
    ]);
    expect(answer.statusCode).toBe(413);
    expect(await textOf(answer)).toContain("larger than 1000 bytes");
  },
);

test("a client that does not read holds the producer back", async () => {
  const { call, answer } = await open("/endless");
  answer.pause();
  await vi.waitFor(
    async () => {
      const before = (await seenThere()).produced;
      await new Promise((resolve) => {
        setTimeout(resolve, 200);
      });
      expect((await seenThere()).produced).toBe(before);
    },
    { timeout: 10_000 },
  );
  // What the sockets on both ways and the buffers of both processes hold.
  expect((await seenThere()).produced).toBeLessThan(30_000_000);
  call.destroy();
  await untilNothingIsOpen();
});

describe("a client's own x-ms-invocation-id", () => {
  test.each([
    ["that no host gives", ["other"]],
    ["that a host could give", [crypto.randomUUID()]],
    ["that comes twice", Array.from({ length: 2 }, () => "3d9ab3a4-40c9-4d8e-9ef7-3b3ea0b9b0f5")],
  ])("%s is refused at once, leaves no invocation open and no other call without an answer", async (_which, ids) => {
    const asked = performance.now();
    const attempts = ids.map((value) => fetch(host.url, { headers: { "x-ms-invocation-id": value } }));
    expect(await seenBy("/meanwhile")).toMatchObject({ method: "GET" });
    for (const response of await Promise.all(attempts)) {
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        error: { message: expect.stringContaining("x-ms-invocation-id") },
      });
    }
    expect(performance.now() - asked).toBeLessThan(1_500);
    await vi.waitFor(() => expect(host.worker.open.size).toBe(0), 1_500);
  });

  test.each(["other", crypto.randomUUID()])("%s with a chunked body is refused at once, whole", async (id) => {
    const asked = performance.now();
    const call = request(host.url, { method: "POST", headers: { "x-ms-invocation-id": id } });
    const [answer] = await Promise.all([
      once(call, "response").then(([response]) => response as IncomingMessage),
      sendSlowly(call, 500_000),
    ]);
    expect(answer.statusCode).toBe(400);
    expect(await textOf(answer)).toContain("x-ms-invocation-id");
    expect(performance.now() - asked).toBeLessThan(2_500);
  });

  test("does not reach the call that has this id", async () => {
    const { call, answer } = await open("/work");
    await once(answer, "data");
    const id = idOf(answer);
    const response = await fetch(host.url, { headers: { "x-ms-invocation-id": id } });
    expect(response.status).toBe(400);
    expect(await seenThere()).toMatchObject({ aborted: false });
    expect(host.worker.open).toContain(id);
    await fetch(`${host.url}/settle`);
    call.destroy();
  });
});

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

async function seenBy(path: string, init?: RequestInit): Promise<Seen> {
  const response = await fetch(host.url + path, init);
  expect(response.status).toBe(200);
  return (await response.json()) as Seen;
}

async function seenThere(): Promise<{ readonly aborted: boolean; readonly produced: number }> {
  return (await fetch(`${host.url}/seen`)).json() as Promise<{ aborted: boolean; produced: number }>;
}

async function open(path: string): Promise<{ readonly call: ClientRequest; readonly answer: IncomingMessage }> {
  const call = request(host.url + path).end();
  call.on("error", () => {});
  const [answer] = (await once(call, "response")) as [IncomingMessage];
  answer.on("error", () => {});
  return { call, answer };
}

/** In chunks, with the pauses of a client that has more to do. */
async function sendSlowly(call: ClientRequest, size: number): Promise<void> {
  const chunk = "x".repeat(size / 5);
  for (let sent = 0; sent < size; sent += chunk.length) {
    call.write(chunk);
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  call.end();
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of answer) text += String(chunk);
  return text;
}

function idOf(answer: IncomingMessage): string {
  return String(answer.headers["x-ms-invocation-id"]);
}

function untilNothingIsOpen(): Promise<void> {
  return vi.waitFor(() => expect(host.worker.open.size).toBe(0), 12_000);
}

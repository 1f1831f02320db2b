import { describe, expect, test } from "vitest";
import { BodyTooLargeError } from "../../../src/ports/http-exchange.ts";
import type { ClientSink, StreamedBody } from "../../../src/ports/http-exchange.ts";
import { fromFetchRequest, toFetchResponse } from "../../../src/protocol/http/fetch-api.ts";

describe("a request of the Fetch API", () => {
  const of = (url: string, init?: RequestInit) => fromFetchRequest(new Request(url, init));

  test.each([
    ["https://gateway.test", "/"],
    ["https://gateway.test/a/b", "/a/b"],
    ["https://gateway.test/a%2Fb?q=://x/y", "/a%2Fb?q=://x/y"],
    ["https://gateway.test?q=1", "/?q=1"],
  ])("%s has the target %s", (url, target) => {
    expect(of(url).target).toBe(target);
  });

  test("has its method, its headers and what outlasts it", async () => {
    const work: Promise<void>[] = [];
    const init = { method: "DELETE", headers: { "A2A-Version": "1.0" } };
    const execution = { waitUntil: (begun: Promise<void>) => void work.push(begun) };
    const request = fromFetchRequest(new Request("https://gateway.test", init), execution);
    expect([request.method, request.header("a2a-version"), request.header("none")]).toEqual([
      "DELETE",
      "1.0",
      undefined,
    ]);
    request.waitUntil?.(Promise.resolve());
    expect(work).toHaveLength(1);
    expect(of("https://gateway.test").waitUntil).toBeUndefined();
  });

  test("is left when its signal aborts", () => {
    const left = new AbortController();
    const { signal } = of("https://gateway.test", { signal: left.signal });
    expect(signal.aborted).toBe(false);
    left.abort();
    expect(signal.aborted).toBe(true);
  });

  test("has its body as text, of so many bytes and not one more", async () => {
    const body = "ü".repeat(50);
    const post = (): RequestInit => ({ method: "POST", body });
    expect(await of("https://gateway.test").readText(0)).toBe("");
    expect(await of("https://gateway.test", post()).readText(100)).toBe(body);
    await expect(of("https://gateway.test", post()).readText(99)).rejects.toThrow(BodyTooLargeError);
  });

  test("has its body whole where a chunk ends inside a character, and without its byte order mark", async () => {
    const bytes = new TextEncoder().encode("\u{feff}{🙂}");
    expect(await of("https://gateway.test", chunks(...bytes)).readText(100)).toBe("{🙂}");
  });

  test("has no more read of its body than what is too large", async () => {
    let pulls = 0;
    let isCanceled = false;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulls += 1;
          controller.enqueue(new Uint8Array(10));
        },
        cancel() {
          isCanceled = true;
        },
      },
      { highWaterMark: 0 },
    );
    const init = { method: "POST", body, duplex: "half" } as RequestInit;
    await expect(of("https://gateway.test", init).readText(25)).rejects.toMatchObject({ limit: 25 });
    expect(pulls).toBeLessThanOrEqual(4);
    expect(isCanceled).toBe(true);
  });
});

describe("an answer as a response of the Fetch API", () => {
  test("has status, headers and text; without a body there is none", async () => {
    const response = toFetchResponse({ status: 201, headers: { etag: '"1"' }, body: "text" });
    expect([response.status, response.headers.get("etag"), await response.text()]).toEqual([201, '"1"', "text"]);
    expect(toFetchResponse({ status: 204, headers: {} }).body).toBeNull();
  });

  test("begins at once and is not asked for more than its reader takes", async () => {
    const { body, client } = createBody();
    const reader = toReader(body);
    client.write(":\n");
    expect(client.isReady).toBe(false);
    const ready = client.untilReady();
    let isReady = false;
    void ready.then(() => (isReady = true));
    expect(await read(reader)).toBe(":\n");
    await turn();
    expect(isReady).toBe(false);

    const next = read(reader);
    await ready;
    expect(client.isReady).toBe(true);
    await client.untilReady();
    client.write("more");
    expect(await next).toBe("more");
    expect(client.isReady).toBe(false);
    client.end();
    expect(await read(reader)).toBeUndefined();
  });

  test("ends with what was written before, and takes nothing after that", async () => {
    const { body, client } = createBody();
    const response = toFetchResponse({ status: 200, headers: {}, body });
    const waiting = client.untilReady();
    client.write("one ");
    client.write("two");
    client.end();
    client.end();
    client.write("three");
    client.cut(new Error("late"));
    await waiting;
    await client.untilReady();
    expect(client.isReady).toBe(false);
    expect(await response.text()).toBe("one two");
  });

  test("that is cut fails its reader", async () => {
    const { body, client } = createBody();
    const reader = toReader(body);
    const pending = reader?.read();
    client.cut(new Error("the answer failed"));
    client.cut(new Error("again"));
    client.end();
    await expect(pending).rejects.toThrow("the answer failed");
    await client.untilReady();
  });

  test("is left once when its reader cancels, and a producer that waits goes on", async () => {
    const { body, client, seen } = createBody();
    const reader = toReader(body);
    const waiting = client.untilReady();
    await reader?.cancel();
    await waiting;
    expect(seen.left).toBe(1);
    client.write("nobody reads it");
    client.end();
    client.cut(new Error("nobody sees it"));
    expect(seen.left).toBe(1);
  });

  test("is not left when it has ended", async () => {
    const { body, client, seen } = createBody();
    const reader = toReader(body);
    client.end();
    expect(await read(reader)).toBeUndefined();
    await reader?.cancel();
    expect(seen.left).toBe(0);
  });
});

/** A request body in chunks of a byte each. */
function chunks(...bytes: readonly number[]): RequestInit {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      bytes.forEach((byte) => controller.enqueue(Uint8Array.of(byte)));
      controller.close();
    },
  });
  return { method: "POST", body, duplex: "half" };
}

function createBody() {
  let sink: ClientSink | undefined;
  const seen = { left: 0 };
  const body: StreamedBody = {
    sendTo: (client) => (sink = client),
    leave: () => (seen.left += 1),
  };
  const client: ClientSink = {
    get isReady() {
      return sink?.isReady ?? false;
    },
    write: (text) => sink?.write(text),
    untilReady: () => sink?.untilReady() ?? Promise.resolve(),
    end: () => sink?.end(),
    cut: (reason) => sink?.cut(reason),
  };
  return { body, client, seen };
}

function toReader(body: StreamedBody) {
  return toFetchResponse({ status: 200, headers: {}, body }).body?.getReader();
}

async function read(reader: ReturnType<typeof toReader>): Promise<string | undefined> {
  const { value } = (await reader?.read()) ?? {};
  return value && new TextDecoder().decode(value);
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

import { once } from "node:events";
import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createHttpServer } from "../../../src/hosts/node/http-server.ts";
import { listen } from "../../../src/hosts/node/listen.ts";
import { BodyTooLargeError } from "../../../src/ports/http-exchange.ts";
import type { ClientSink, HttpAnswer, HttpRequest, StreamedBody } from "../../../src/ports/http-exchange.ts";

type Answer = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;

const OK: HttpAnswer = { status: 200, headers: {}, body: "ok" };

async function serve(answer: Answer) {
  const { server, answerWith } = createHttpServer({ headers: 10_000, request: 10_000 });
  onTestFinished(() => server.closeAllConnections());
  onTestFinished(() => void server.close());
  answerWith(answer);
  const url = await listen(server, { PORT: 0, HOST: "127.0.0.1" });
  return { url, server, open: () => open(url) };
}

/** A client that writes bytes and keeps what it got. */
function open(url: string) {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => {});
  let got = "";
  socket.on("data", (chunk) => (got += chunk.toString()));
  return {
    socket,
    got: () => got,
    until: (text: string | RegExp) => vi.waitFor(() => expect(got).toMatch(text)),
  };
}

/** Answers with what the request's body was, of at most 10 bytes. */
const readTen: Answer = async (asked) => {
  try {
    return { ...OK, body: `<${await asked.readText(10)}>` };
  } catch (error) {
    return { status: error instanceof BodyTooLargeError ? 413 : 400, headers: {}, body: String(error) };
  }
};

function post(...chunks: readonly Uint8Array[]): Promise<string> {
  return serve(readTen).then(async ({ url }) => {
    const call = request(url, { method: "POST" });
    for (const chunk of chunks) {
      call.write(chunk);
    }
    call.end();
    const [answer] = (await once(call, "response")) as [IncomingMessage];
    return `${answer.statusCode} ${(await answer.toArray()).join("")}`;
  });
}

describe("a request's body", () => {
  test("is its text, wherever its chunks end, and without a byte order mark", async () => {
    const bytes = Buffer.from("\u{feff}{🙂}");
    expect(await post(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toBe("200 <{🙂}>");
    expect(await post(bytes)).toBe("200 <{🙂}>");
    expect(await post()).toBe("200 <>");
  });

  test("has as many bytes as it may and not one more, with a length and without", async () => {
    expect(await post(Buffer.from("0123456789"))).toBe("200 <0123456789>");
    expect(await post(Buffer.from("01234"), Buffer.from("56789"))).toBe("200 <0123456789>");
    expect(await post(Buffer.from("01234"), Buffer.from("567890"))).toMatch(/^413 /);
    expect(await post(Buffer.from("ü".repeat(6)))).toMatch(/^413 /);
  });

  test("that is declared too large is refused before it is sent", async () => {
    const { open: client } = await serve(readTen);
    const { socket, got, until } = client();
    socket.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 11\r\n\r\n");
    await until("\r\n\r\n");
    expect(got()).toMatch(/^HTTP\/1\.1 413 /);
  });

  test("that grows too large is refused while it is sent, and a client that sends on sees that", async () => {
    const { url } = await serve(readTen);
    const call = request(url, { method: "POST" });
    // It still sends when the test is over.
    call.on("error", () => {});
    const answered = once(call, "response") as Promise<[IncomingMessage]>;
    for (let at = 0; at < 100; at += 1) {
      call.write(Buffer.alloc(50_000));
    }
    call.end();
    expect((await answered)[0].statusCode).toBe(413);
  });

  test.each(["content-length: 10\r\n\r\nhalf", "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"])(
    "that its client left halfway is none, not a shorter one (%j)",
    async (rest) => {
      let read: Promise<string> | undefined;
      let left: AbortSignal | undefined;
      const { open: client } = await serve(async (asked) => {
        left = asked.signal;
        read = asked.readText(10);
        await read;
        return OK;
      });
      const { socket } = client();
      socket.write(`POST / HTTP/1.1\r\nhost: a\r\n${rest}`);
      await vi.waitFor(() => expect(read).toBeDefined());
      socket.destroy();
      await expect(read).rejects.toThrow(/aborted|left/);
      expect(left?.aborted).toBe(true);
    },
  );
});

describe("a request", () => {
  const tell: Answer = ({ method, target }) => ({ ...OK, body: `${method} ${target}` });

  test.each([
    ["GET /a%2Fb?q=1", "GET /a%2Fb?q=1"],
    ["GET http://other.test/a?b", "GET /a?b"],
    ["GET http://other.test", "GET /"],
    ["GET HTTPS://user@other.test:1/a://b", "GET /a://b"],
    ["OPTIONS *", "OPTIONS /"],
    ["GET //other.test/a", "GET //other.test/a"],
  ])("%s is %s, whichever host it names", async (line, told) => {
    const { open: client } = await serve(tell);
    const { socket, got } = client();
    const closed = once(socket, "close");
    socket.write(`${line} HTTP/1.1\r\nhost: gateway.test\r\nconnection: close\r\n\r\n`);
    await closed;
    expect(got().split("\r\n\r\n")[1]).toBe(told);
  });

  test.each([
    ["HTTP/1.0", 200],
    ["HTTP/1.1", 400],
  ])("of %s without a Host is answered %i", async (version, status) => {
    const { open: client } = await serve(tell);
    const { socket, got, until } = client();
    socket.write(`GET /livez ${version}\r\n\r\n`);
    await until(status === 200 ? /GET \/livez$/ : /Host is missing/);
    expect(got()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  test("has its headers by their names in lower case, one that comes twice as a list", async () => {
    const { open: client } = await serve((asked) => ({
      ...OK,
      body: [asked.header("a2a-version"), asked.header("a2a-extensions"), asked.header("none")].join("|"),
    }));
    const { socket, got, until } = client();
    socket.write("GET / HTTP/1.1\r\nhost: a\r\nA2A-Version: 1.0\r\na2a-extensions: a\r\nA2A-Extensions: b\r\n\r\n");
    await until("|");
    expect(got().split("\r\n\r\n")[1]).toBe("1.0|a, b|");
  });

  test("whose answer cannot be written is cut, and the answers of the same turn are not", async () => {
    const { open: client } = await serve(({ target }) => ({
      ...OK,
      ...(target === "/bad" && { headers: { "x-name": "\u{1f600}" } }),
    }));
    const [bad, good] = [client(), client()];
    bad.socket.write("GET /bad HTTP/1.1\r\nhost: a\r\n\r\n");
    good.socket.write("GET /good HTTP/1.1\r\nhost: a\r\n\r\n");
    await good.until(/^HTTP\/1\.1 200 /);
    await vi.waitFor(() => expect(bad.socket.destroyed).toBe(true));
    expect(bad.got()).toBe("");
  });

  test("whose handler fails is answered 500 without the reason, and the next one is served", async () => {
    const { open: client } = await serve(({ target }) => {
      if (target === "/throws") {
        throw new Error("secret");
      }
      return target === "/rejects" ? Promise.reject(new Error("secret")) : OK;
    });
    const { socket, got, until } = client();
    for (const path of ["/throws", "/rejects", "/"]) {
      socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
    }
    await until(/ 500 [^]* 500 [^]* 200 [^]*ok$/);
    expect(got()).not.toContain("secret");
  });
});

test("an answer has the length of its body, and none without one", async () => {
  const { open: client } = await serve(({ target }) =>
    target === "/none" ? { status: 204, headers: { etag: '"1"' } } : { ...OK, body: "ü" },
  );
  const { socket, got, until } = client();
  socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\nGET /none HTTP/1.1\r\nhost: a\r\n\r\n");
  await until(/content-length: 2\r\n[^]*\r\n\r\nü/);
  await until(/204 No Content\r\netag: "1"\r\n/);
  expect(got()).not.toContain("transfer-encoding");
});

describe("a streamed answer", () => {
  async function stream(send?: (client: ClientSink) => void) {
    const seen: { client?: ClientSink; left: number } = { left: 0 };
    const body: StreamedBody = {
      sendTo(client) {
        seen.client = client;
        send?.(client);
      },
      leave: () => (seen.left += 1),
    };
    const accepted = Promise.withResolvers<void>();
    const host = await serve(async () => {
      await accepted.promise;
      return { status: 200, headers: { "content-type": "text/event-stream" }, body };
    });
    const { socket, ...got } = host.open();
    socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    return { seen, accept: accepted.resolve, socket, ...got };
  }

  const begun = (seen: { client?: ClientSink }): Promise<ClientSink> =>
    vi.waitFor(() => {
      if (!seen.client) {
        throw new Error("not begun");
      }
      return seen.client;
    });

  test("goes out as it comes, what is written at once in one piece, and ends whole", async () => {
    const { seen, accept, socket, got, until } = await stream();
    accept();
    const client = await begun(seen);
    client.write(":\n");
    client.write("data: 1\n\n");
    await until(/\r\n\r\nb\r\n:\ndata: 1\n\n\r\n$/);
    expect(got()).toMatch(/^HTTP\/1\.1 200 OK\r\ncontent-type: text\/event-stream\r\n/);
    client.write("bye");
    client.end();
    client.write("never");
    await until(/3\r\nbye\r\n0\r\n\r\n$/);
    expect(socket.destroyed).toBe(false);
    await vi.waitFor(() => expect(seen.left).toBe(1));
  });

  test("whose client left before it was accepted is never begun, only left", async () => {
    const { seen, accept, socket } = await stream();
    await once(socket, "connect");
    socket.destroy();
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    accept();
    await vi.waitFor(() => expect(seen.left).toBe(1));
    expect(seen.client).toBeUndefined();
  });

  test("is left once when its client leaves midway, and nothing waits for that client any more", async () => {
    const { seen, accept, socket, until } = await stream((client) => client.write("begun"));
    accept();
    await until("begun");
    const client = await begun(seen);
    const { ready } = await fill(client, socket);
    socket.destroy();
    await ready;
    await vi.waitFor(() => expect(seen.left).toBe(1));
    client.write("nobody reads it");
    client.end();
    client.cut(new Error("late"));
    expect(seen.left).toBe(1);
  });

  test("holds back while its client does not read, and goes on when it does", async () => {
    const { seen, accept, socket, until } = await stream((client) => client.write("begun"));
    accept();
    await until("begun");
    const client = await begun(seen);
    const { ready } = await fill(client, socket);
    expect(client.isReady).toBe(false);
    socket.resume();
    await ready;
    expect(client.isReady).toBe(true);
    client.end();
    await until(/0\r\n\r\n$/);
  });

  test("takes no more in one turn of the event loop than a little", async () => {
    const { seen, accept, until } = await stream((client) => client.write("begun"));
    accept();
    await until("begun");
    const client = await begun(seen);
    client.write("x".repeat(70_000));
    expect(client.isReady).toBe(false);
    await client.untilReady();
    expect(client.isReady).toBe(true);
  });

  test("that is cut is seen to be broken", async () => {
    const { seen, accept, socket, got, until } = await stream((client) => client.write("begun"));
    accept();
    await until("begun");
    const client = await begun(seen);
    client.cut(new Error("the answer failed"));
    await once(socket, "close");
    expect(got()).not.toMatch(/0\r\n\r\n$/);
    await vi.waitFor(() => expect(seen.left).toBe(1));
  });
});

/** Writes until the client, which reads no more, must be waited for; `ready` resolves when that is over. */
async function fill(client: ClientSink, socket: Socket): Promise<{ readonly ready: Promise<void> }> {
  socket.pause();
  for (let at = 0; at < 10_000; at += 1) {
    if (!client.isReady) {
      const ready = client.untilReady();
      const pause = new Promise((resolve) => {
        setTimeout(resolve, 200, "stuck");
      });
      if ((await Promise.race([ready, pause])) === "stuck") {
        return { ready };
      }
    }
    client.write("x".repeat(65_536));
  }
  throw new Error("the client is never waited for");
}

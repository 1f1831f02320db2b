import { once } from "node:events";
import { connect } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { createHttpServer } from "../../../src/hosts/node/http-server.ts";
import { listen } from "../../../src/hosts/node/listen.ts";
import type { ClientSink } from "../../../src/ports/http-exchange.ts";

/** A server whose one response is written by the test, and a client that reads when it is told to. */
async function open() {
  const { server, answerWith } = createHttpServer({ headers: 10_000, request: 10_000 });
  onTestFinished(() => server.closeAllConnections());
  onTestFinished(() => void server.close());
  const sinks: ClientSink[] = [];
  answerWith(() => ({
    status: 200,
    headers: {},
    body: { sendTo: (client) => void sinks.push(client), leave: () => {} },
  }));
  const responses: { readonly writableLength: number }[] = [];
  server.on("request", (_incoming, outgoing) => void responses.push(outgoing));
  const url = new URL(await listen(server, { PORT: 0, HOST: "127.0.0.1" }));
  const socket = connect(Number(url.port), url.hostname);
  onTestFinished(() => void socket.destroy());
  const got: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => void got.push(chunk));
  socket.pause();
  socket.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
  const sink = await vi.waitFor(() => sinks[0] ?? Promise.reject(new Error("no request")));
  /** Resolves to the whole body once its end has come. */
  const toBody = async (): Promise<string> => {
    await vi.waitFor(() => expect(got.at(-1)?.subarray(-5).toString()).toBe("0\r\n\r\n"), { timeout: 8_000 });
    return joinChunks(Buffer.concat(got));
  };
  return { sink, socket, toBody, buffered: () => responses[0]?.writableLength ?? 0 };
}

function joinChunks(response: Buffer): string {
  const chunks: Buffer[] = [];
  let at = response.indexOf("\r\n\r\n") + 4;
  for (;;) {
    const end = response.indexOf("\r\n", at);
    const size = Number.parseInt(response.subarray(at, end).toString(), 16);
    if (!(size > 0)) {
      return Buffer.concat(chunks).toString();
    }
    chunks.push(response.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}

test("a socket is given 64 KiB at a time, and a client that reads late gets every character", async () => {
  const { sink, socket, buffered, toBody } = await open();
  // Pairs of surrogates at odd and at even places: a cut between the halves would destroy one.
  const long = `a${"😀".repeat(3_000_000)}b${"é".repeat(100_001)}`;
  sink.write("begin ");
  sink.write(long);
  sink.write(" end");
  let isReady = false;
  const ready = sink.untilReady().then(() => (isReady = true));
  await vi.waitFor(() => expect(buffered()).toBeGreaterThan(0));
  expect(sink.isReady).toBe(false);
  expect(isReady).toBe(false);
  // The kernel has its share; of the other 12 MB the socket holds one piece, in UTF-8.
  expect(buffered()).toBeLessThan(4 * 64 * 1024);
  socket.resume();
  await ready;
  expect(sink.isReady).toBe(true);
  sink.end();
  expect((await toBody()) === `begin ${long} end`).toBe(true);
});

test("a client that leaves while much waits for it frees who writes to it", async () => {
  const { sink, socket } = await open();
  sink.write("x".repeat(20_000_000));
  const ready = sink.untilReady();
  socket.destroy();
  await once(socket, "close");
  await ready;
  sink.write("late");
  sink.end();
  await expect(sink.untilReady()).resolves.toBeUndefined();
});

test("what is written after much that waits keeps its order, also the end", async () => {
  const { sink, socket, toBody } = await open();
  sink.write("x".repeat(8_000_000));
  await Promise.race([sink.untilReady(), new Promise((resolve) => setImmediate(resolve))]);
  sink.write("|comment");
  sink.write("|last words");
  sink.end();
  sink.write("|ignored");
  socket.resume();
  const body = await toBody();
  expect(body.slice(-20)).toBe("x|comment|last words");
  expect(body).toHaveLength(8_000_019);
});

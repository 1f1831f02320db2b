import { registerHttpFunction } from "../../src/hosts/functions/http-function.ts";
import { jsonAnswer } from "../../src/ports/http-exchange.ts";
import type { ClientSink, HttpAnswer, HttpRequest, StreamedBody } from "../../src/ports/http-exchange.ts";

/** A function app whose HTTP side is that of the host, in front of answers that provoke it. */

const seen = { aborted: false, produced: 0 };
let settle = (): void => {};

registerHttpFunction((request) => {
  switch (request.target.replace(/\?.*/, "")) {
    case "/throws":
      throw new Error("a secret of the handler");
    case "/rejects":
      return Promise.reject(new Error("a secret of the handler"));
    case "/nothing":
      return undefined as unknown as HttpAnswer;
    case "/midway":
      return streamed(failMidway);
    case "/endless":
      return streamed(produceEndlessly);
    case "/work": {
      seen.aborted = false;
      request.signal.addEventListener("abort", () => (seen.aborted = true));
      request.waitUntil?.(new Promise((resolve) => (settle = resolve)));
      // One chunk, and then the silence of an agent that works.
      return streamed((client) => client.write("begun"));
    }
    case "/ended-early":
      // As when a token expires: the stream is over, and the turn that it began goes on.
      request.waitUntil?.(new Promise((resolve) => (settle = resolve)));
      return streamed((client) => {
        client.write("all of it");
        client.end();
      });
    case "/ended":
      request.waitUntil?.(new Promise((resolve) => setTimeout(resolve, 100)));
      return streamed((client) => {
        client.write("all of it");
        client.end();
      });
    case "/small":
      return echo(request, 1_000);
    case "/settle":
      settle();
      return { status: 204, headers: {} };
    case "/seen":
      return jsonAnswer(seen);
    default:
      return echo(request);
  }
}, 60_000);

async function echo(request: HttpRequest, limit = 10_000_000): Promise<HttpAnswer> {
  const { method, target: url } = request;
  const headers = Object.fromEntries(
    ["authorization", "x-ms-client-principal"].map((name) => [name, request.header(name)]),
  );
  try {
    return jsonAnswer({ method, url, headers, body: await request.readText(limit) });
  } catch (error) {
    return jsonAnswer({ error: String(error) }, 413);
  }
}

function streamed(send: (client: ClientSink, hasLeft: () => boolean) => unknown): HttpAnswer {
  let hasLeft = false;
  const body: StreamedBody = {
    sendTo: (client) => void send(client, () => hasLeft),
    leave: () => (hasLeft = true),
  };
  return { status: 200, headers: {}, body };
}

async function failMidway(client: ClientSink): Promise<void> {
  for (let chunk = 1; chunk <= 3; chunk += 1) {
    client.write(`chunk ${chunk}\n`);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
  client.cut(new Error("midway"));
}

async function produceEndlessly(client: ClientSink, hasLeft: () => boolean): Promise<void> {
  seen.produced = 0;
  const chunk = "x".repeat(65_536);
  while (!hasLeft()) {
    if (!client.isReady) {
      await client.untilReady();
    }
    seen.produced += chunk.length;
    client.write(chunk);
  }
}

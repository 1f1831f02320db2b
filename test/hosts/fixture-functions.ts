import { registerHttpFunction } from "../../src/hosts/functions/http-function.ts";

/** A function app whose HTTP side is that of the host, in front of answers that provoke it. */

const seen = { aborted: false, produced: 0 };
let settle = (): void => {};

registerHttpFunction((request, execution) => {
  const { pathname } = new URL(request.url);
  switch (pathname) {
    case "/throws":
      throw new Error("a secret of the handler");
    case "/rejects":
      return Promise.reject(new Error("a secret of the handler"));
    case "/nothing":
      return undefined as unknown as Response;
    case "/midway":
      return new Response(failMidway());
    case "/endless":
      return new Response(produceEndlessly());
    case "/work": {
      seen.aborted = false;
      request.signal.addEventListener("abort", () => (seen.aborted = true));
      execution?.waitUntil(new Promise((resolve) => (settle = resolve)));
      return new Response(say("begun"));
    }
    case "/settle":
      settle();
      return new Response(null, { status: 204 });
    case "/seen":
      return Response.json(seen);
    default:
      return echo(request);
  }
}, 60_000);

async function echo(request: Request): Promise<Response> {
  const { method, url } = request;
  return Response.json({ method, url, headers: Object.fromEntries(request.headers), body: await request.text() });
}

/** One chunk, and then the silence of an agent that works. */
function say(text: string): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode(text)) });
}

function failMidway(): ReadableStream<Uint8Array> {
  let pulls = 0;
  return new ReadableStream({
    async pull(controller) {
      pulls += 1;
      if (pulls > 3) throw new Error("midway");
      controller.enqueue(new TextEncoder().encode(`chunk ${pulls}\n`));
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    },
  });
}

function produceEndlessly(): ReadableStream<Uint8Array> {
  seen.produced = 0;
  return new ReadableStream(
    {
      pull(controller) {
        seen.produced += 65_536;
        controller.enqueue(new Uint8Array(65_536));
      },
    },
    { highWaterMark: 0 },
  );
}

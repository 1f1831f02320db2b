import { createExchange, findBodyFaults, findEventFaults } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import { createSseParser } from "./sse.ts";

/** An SSE event is at most this long, so that readers with a limit of their own can follow. */
const maxEventBytes = 1_048_576;

/**
 * A fetch that holds every answer against the schemas of its route and version, and rejects when one does not conform.
 * A stream errors at its first wrong event. Handed to other people's clients too.
 */
export const checkedFetch: typeof fetch = async (input, init) => {
  const request = new Request(input, init);
  const exchange = createExchange(request, typeof init?.body === "string" ? init.body : undefined);
  const response = await fetch(input, init);
  const type = response.headers.get("content-type") ?? "";
  if (response.body !== null && type.startsWith("text/event-stream")) {
    const checked = response.body.pipeThrough(createEventCheck(exchange));
    return new Response(checked, { status: response.status, headers: response.headers });
  }
  if (/^application\/(?:a2a\+)?json\b/.test(type) && request.method !== "HEAD") {
    const text = await response.clone().text();
    refuse(exchange, findBodyFaults(exchange, response.status, JSON.parse(text)), text);
  }
  return response;
};

function createEventCheck(exchange: Exchange): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  const parser = createSseParser();
  return new TransformStream({
    transform(chunk, controller) {
      for (const block of parser.push(chunk)) {
        if (block.bytes > maxEventBytes) refuse(exchange, [`an event of ${block.bytes} bytes`], "");
        if (block.data === undefined) continue;
        refuse(exchange, findEventFaults(exchange, block.event, JSON.parse(block.data)), block.data);
      }
      controller.enqueue(chunk);
    },
  });
}

function refuse(exchange: Exchange, faults: readonly string[], text: string): void {
  if (faults.length === 0) return;
  const { method, path, version, binding } = exchange;
  throw new Error(
    `the answer to ${method} ${path} (${binding} ${version}) does not conform: ${faults.join("; ")}\n${text.slice(0, 2_000)}`,
  );
}

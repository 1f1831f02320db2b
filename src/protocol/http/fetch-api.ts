import { BodyTooLargeError } from "../../ports/http-exchange.ts";
import type { ClientSink, HttpAnswer, HttpRequest, StreamedBody } from "../../ports/http-exchange.ts";

/** Keeps the process alive on platforms that may stop it at the end of a response. */
export interface ExecutionContext {
  /** Keeps the process alive until `work` settles. `work` may outlast the response; it never rejects. */
  waitUntil(work: Promise<void>): void;
}

/** Converts a Fetch API request. */
export function fromFetchRequest(request: Request, execution?: ExecutionContext): HttpRequest {
  const { url } = request;
  const start = url.indexOf("/", url.indexOf("://") + 3);
  return {
    method: request.method,
    target: start === -1 ? "/" : url.slice(start),
    header: (name) => request.headers.get(name) ?? undefined,
    readText: (limit) => readBounded(request.body, limit),
    get signal() {
      return request.signal;
    },
    waitUntil: execution && ((work) => execution.waitUntil(work)),
  };
}

export function toFetchResponse({ status, headers, body }: HttpAnswer): Response {
  const content = body === undefined || typeof body === "string" ? body : toReadableStream(body);
  return new Response(content, { status, headers });
}

async function readBounded(body: ReadableStream<Uint8Array> | null, limit: number): Promise<string> {
  if (!body) {
    return "";
  }
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = "";
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return text + decoder.decode();
    }
    bytes += value.byteLength;
    if (bytes > limit) {
      await reader.cancel().catch(() => {});
      throw new BodyTooLargeError(limit);
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** A stream without a buffer: the body produces more when the client has read what was written. */
function toReadableStream(body: StreamedBody): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let pulled: (() => void) | undefined;
  let isPulling = false;
  let hasEnded = false;
  const proceed = (): void => {
    pulled?.();
    pulled = undefined;
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const sink: ClientSink = {
          get isReady() {
            return isPulling && !hasEnded;
          },
          untilReady: () =>
            isPulling || hasEnded
              ? Promise.resolve()
              : new Promise((resolve) => {
                  pulled = resolve;
                }),
          write(text) {
            if (!hasEnded) {
              isPulling = false;
              controller.enqueue(encoder.encode(text));
            }
          },
          end() {
            if (!hasEnded) {
              hasEnded = true;
              controller.close();
              proceed();
            }
          },
          cut(reason) {
            if (!hasEnded) {
              hasEnded = true;
              controller.error(reason);
              proceed();
            }
          },
        };
        body.sendTo(sink);
      },
      pull() {
        isPulling = true;
        proceed();
      },
      cancel() {
        hasEnded = true;
        body.leave();
        proceed();
      },
    },
    { highWaterMark: 0 },
  );
}

import type { IncomingMessage, ServerResponse } from "node:http";
import { BodyTooLargeError } from "../../ports/http-exchange.ts";
import type { ClientSink, HttpAnswer, HttpRequest } from "../../ports/http-exchange.ts";
import { writeLater } from "./write-later.ts";

/** Answers a request of Node's HTTP server. Resolves when there is an answer; sending it may take longer. */
export async function answerIncoming(
  answer: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  waitUntil?: (work: Promise<void>) => void,
): Promise<void> {
  const request = new NodeRequest(incoming, outgoing, waitUntil);
  try {
    send(await answer(request), outgoing);
  } catch {
    // The gateway never rejects; a failure elsewhere must not leave the client without an answer.
    if (outgoing.headersSent) {
      outgoing.destroy();
    } else {
      send(FAILED, outgoing);
    }
  }
}

const FAILED: HttpAnswer = { status: 500, headers: { "content-type": "text/plain" }, body: "failed\n" };

class NodeRequest implements HttpRequest {
  readonly #incoming: IncomingMessage;
  readonly #outgoing: ServerResponse;
  readonly method: string;
  readonly target: string;
  readonly waitUntil: HttpRequest["waitUntil"];
  #left: AbortController | undefined;

  constructor(incoming: IncomingMessage, outgoing: ServerResponse, waitUntil: HttpRequest["waitUntil"]) {
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    this.method = incoming.method ?? "GET";
    this.target = toOriginForm(incoming.url ?? "/");
    this.waitUntil = waitUntil;
  }

  header(name: string): string | undefined {
    const value = this.#incoming.headers[name];
    return typeof value === "string" ? value : value?.join(", ");
  }

  /** Created on first use: most calls do not need it. */
  get signal(): AbortSignal {
    if (!this.#left) {
      const left = new AbortController();
      this.#left = left;
      if (this.#outgoing.closed) {
        left.abort(CLIENT_LEFT);
      } else {
        this.#outgoing.once("close", () => left.abort(CLIENT_LEFT));
      }
    }
    return this.#left.signal;
  }

  readText(limit: number): Promise<string> {
    const incoming = this.#incoming;
    return new Promise((resolve, reject) => {
      const declared = Number(incoming.headers["content-length"] ?? 0);
      if (declared > limit) {
        reject(new BodyTooLargeError(limit));
        return;
      }
      let chunks: Buffer[] = [];
      let bytes = 0;
      let isRefused = false;
      incoming.on("data", (chunk: Buffer) => {
        bytes += chunk.byteLength;
        if (isRefused) {
          return;
        }
        if (bytes > limit) {
          // The rest is read and dropped: a client that is still sending would not see the answer otherwise.
          isRefused = true;
          chunks = [];
          reject(new BodyTooLargeError(limit));
          return;
        }
        chunks.push(chunk);
      });
      incoming.once("end", () => resolve(toText(chunks)));
      incoming.once("error", reject);
      // The client disconnected during its request. There is no one to answer, but the call must end.
      incoming.once("close", () => reject(CLIENT_LEFT));
    });
  }
}

/** Shared: without a reason, each abort would create a DOMException with a stack. */
const CLIENT_LEFT = new Error("the client has left");

/** Some clients send an absolute URL, as to a proxy (RFC 9112, 3.2.2). */
function toOriginForm(url: string): string {
  if (url.startsWith("/")) {
    return url;
  }
  const start = url.indexOf("/", url.indexOf("://") + 3);
  return url.includes("://") && start !== -1 ? url.slice(start) : "/";
}

function toText(chunks: readonly Buffer[]): string {
  const [first] = chunks;
  const text = (chunks.length === 1 && first ? first : Buffer.concat(chunks)).toString("utf8");
  // JSON must not begin with a byte order mark.
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function send({ status, headers, body }: HttpAnswer, outgoing: ServerResponse): void {
  if (outgoing.destroyed) {
    if (typeof body === "object") {
      body.leave();
    }
    return;
  }
  if (typeof body !== "object") {
    writeLater(outgoing, () => {
      outgoing.writeHead(status, body === undefined ? headers : withLength(headers, body));
      outgoing.end(body);
    });
    return;
  }
  outgoing.writeHead(status, headers);
  outgoing.once("close", () => body.leave());
  body.sendTo(new NodeSink(outgoing));
}

/** Without a length the body would be sent in chunks. */
function withLength(headers: HttpAnswer["headers"], body: string): Record<string, string | number> {
  return { ...headers, "content-length": Buffer.byteLength(body) };
}

/** Collects the writes of one turn of the event loop into one write to the socket. */
class NodeSink implements ClientSink {
  readonly #outgoing: ServerResponse;
  #pending = "";
  #isScheduled = false;
  #hasEnded = false;

  constructor(outgoing: ServerResponse) {
    this.#outgoing = outgoing;
  }

  get isReady(): boolean {
    return !this.#outgoing.writableNeedDrain && this.#pending.length < MAX_PENDING;
  }

  untilReady(): Promise<void> {
    this.#flush();
    return new Promise((resolve) => {
      if (!this.#outgoing.writableNeedDrain || this.#outgoing.destroyed) {
        resolve();
        return;
      }
      const proceed = (): void => {
        this.#outgoing.off("drain", proceed);
        this.#outgoing.off("close", proceed);
        resolve();
      };
      this.#outgoing.on("drain", proceed);
      this.#outgoing.on("close", proceed);
    });
  }

  write(text: string): void {
    if (!this.#hasEnded) {
      this.#pending += text;
      this.#schedule();
    }
  }

  end(): void {
    this.#hasEnded = true;
    this.#schedule();
  }

  cut(reason: Error): void {
    this.#hasEnded = true;
    this.#outgoing.destroy(reason);
  }

  #schedule(): void {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      writeLater(this.#outgoing, () => {
        this.#isScheduled = false;
        this.#flush();
      });
    }
  }

  #flush(): void {
    const text = this.#pending;
    this.#pending = "";
    if (this.#outgoing.destroyed || this.#outgoing.writableEnded) {
      return;
    }
    if (this.#hasEnded) {
      this.#outgoing.end(text);
    } else if (text !== "") {
      this.#outgoing.write(text);
    }
  }
}

/** Characters that may wait for the end of the event loop's turn. */
const MAX_PENDING = 64 * 1024;

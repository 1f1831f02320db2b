import type { IncomingMessage, ServerResponse } from "node:http";
import { BodyTooLargeError } from "../../ports/http-exchange.ts";
import type { ClientSink, HttpAnswer, HttpRequest } from "../../ports/http-exchange.ts";
import { discardBody } from "./discard-body.ts";
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
          isRefused = true;
          chunks = [];
          void discardBody(incoming).then(() => reject(new BodyTooLargeError(limit)));
          return;
        }
        chunks.push(chunk);
      });
      incoming.once("end", () => {
        if (!isRefused) {
          resolve(toText(chunks));
        }
      });
      incoming.once("error", reject);
      // The client disconnected during its request. There is no one to answer, but the call must end.
      incoming.once("close", () => {
        if (!incoming.readableEnded) {
          reject(CLIENT_LEFT);
        }
      });
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

/**
 * Collects the writes of one turn of the event loop into one write to the socket, and cuts long ones: the socket of a slow
 * client holds one piece, and the rest waits as the text that all readers of an event share.
 */
class NodeSink implements ClientSink {
  readonly #outgoing: ServerResponse;
  #pending: string[] = [];
  /** Characters of the first pending text that the socket has. */
  #taken = 0;
  #isScheduled = false;
  #isWaiting = false;
  #hasEnded = false;
  #ready: (() => void)[] = [];

  constructor(outgoing: ServerResponse) {
    this.#outgoing = outgoing;
  }

  get isReady(): boolean {
    return !this.#outgoing.writableNeedDrain && this.#pendingLength() < PIECE;
  }

  untilReady(): Promise<void> {
    this.#flush();
    return this.#isIdle() ? Promise.resolve() : new Promise((resolve) => void this.#ready.push(resolve));
  }

  write(text: string): void {
    if (!this.#hasEnded) {
      this.#pending.push(text);
      this.#schedule();
    }
  }

  end(): void {
    this.#hasEnded = true;
    this.#schedule();
  }

  cut(reason: Error): void {
    this.#hasEnded = true;
    this.#pending = [];
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

  /** Writes until the socket is full, and goes on when it is not. */
  #flush(): void {
    const outgoing = this.#outgoing;
    if (outgoing.destroyed || outgoing.writableEnded) {
      this.#pending = [];
    }
    while (this.#pending.length > 0 && !outgoing.writableNeedDrain) {
      const piece = this.#takePiece();
      if (this.#hasEnded && this.#pending.length === 0) {
        outgoing.end(piece);
      } else {
        outgoing.write(piece);
      }
    }
    if (this.#pending.length > 0) {
      this.#waitForDrain();
    } else if (this.#hasEnded && !outgoing.writableEnded && !outgoing.destroyed) {
      outgoing.end();
    }
    if (outgoing.writableNeedDrain && this.#ready.length > 0) {
      this.#waitForDrain();
    }
    if (this.#isIdle()) {
      const ready = this.#ready;
      this.#ready = [];
      for (const resolve of ready) {
        resolve();
      }
    }
  }

  #isIdle(): boolean {
    return this.#outgoing.destroyed || (this.#pending.length === 0 && !this.#outgoing.writableNeedDrain);
  }

  #waitForDrain(): void {
    if (!this.#isWaiting) {
      this.#isWaiting = true;
      const proceed = (): void => {
        this.#isWaiting = false;
        this.#outgoing.off("drain", proceed);
        this.#outgoing.off("close", proceed);
        this.#flush();
      };
      this.#outgoing.on("drain", proceed);
      this.#outgoing.on("close", proceed);
    }
  }

  /** Small texts together, a long one in pieces between two characters. */
  #takePiece(): string {
    let piece = "";
    for (let text = this.#pending[0]; text !== undefined && piece.length < PIECE; text = this.#pending[0]) {
      const room = this.#taken + PIECE - piece.length;
      const end = room < text.length && isHighSurrogate(text, room - 1) ? room + 1 : room;
      piece += text.slice(this.#taken, end);
      if (end < text.length) {
        this.#taken = end;
        break;
      }
      this.#taken = 0;
      this.#pending.shift();
    }
    return piece;
  }

  #pendingLength(): number {
    return this.#pending.length === 0 ? 0 : this.#pending.reduce((sum, text) => sum + text.length, -this.#taken);
  }
}

/** Characters of one write to a socket; more than these wait for the client. */
const PIECE = 64 * 1024;

/** Encoded apart, the halves of a pair would be two replacement characters. */
function isHighSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xd800 && unit < 0xdc00;
}

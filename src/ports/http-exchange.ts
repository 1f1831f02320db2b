/**
 * One HTTP request as the gateway reads it. Every host adapts its own requests to this form, because the objects of the Fetch
 * API cost more than a short call itself.
 */
export interface HttpRequest {
  readonly method: string;
  /** Path and query as the client sent them. */
  readonly target: string;
  /** `name` in lower case. Undefined if the request does not have the header. */
  header(name: string): string | undefined;
  /** The body as text, at most `limit` bytes of UTF-8. Call it once. @throws BodyTooLargeError */
  readText(limit: number): Promise<string>;
  /** Aborted when the client disconnects. */
  readonly signal: AbortSignal;
  /** Keeps the process alive for work that outlasts the response, on hosts that need it. The work never rejects. */
  readonly waitUntil?: ((work: Promise<void>) => void) | undefined;
}

/** The gateway's answer. The host sends it. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Absent for an answer without a body. */
  readonly body?: string | StreamedBody;
}

/** A body that is sent in pieces. The host calls one of the methods once; `leave` may follow `sendTo`. */
export interface StreamedBody {
  /** Starts to send: headers and the first piece are sent at once. */
  sendTo(client: ClientSink): void;
  /** The client has disconnected. */
  leave(): void;
}

/** The connection to a client for a streamed body. After `end` or `cut` writes are ignored. */
export interface ClientSink {
  write(text: string): void;
  /** Whether the client keeps up; otherwise writes are buffered in memory. */
  readonly isReady: boolean;
  /** Resolves when the client keeps up again or has disconnected. */
  untilReady(): Promise<void>;
  end(): void;
  /** Breaks the connection, so that the client notices that the body is incomplete. */
  cut(reason: Error): void;
}

/** The body of a request is larger than the limit. */
export class BodyTooLargeError extends Error {
  override readonly name = "BodyTooLargeError";
  /** Bytes. */
  readonly limit: number;

  constructor(limit: number) {
    super(`The body is larger than ${limit} bytes.`);
    this.limit = limit;
  }
}

/** The value of a query parameter; undefined if it is missing. */
export function queryOf({ target }: Pick<HttpRequest, "target">, name: string): string | undefined {
  const start = target.indexOf("?");
  return start === -1 ? undefined : (new URLSearchParams(target.slice(start + 1)).get(name) ?? undefined);
}

export function jsonAnswer(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
}

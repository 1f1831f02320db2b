/**
 * One HTTP request as the gateway reads it. Every host presents its own in this form, because the Fetch API's objects
 * cost more than a short call itself.
 */
export interface HttpRequest {
  readonly method: string;
  /** As the client sent it: a path, and a query behind `?`. */
  readonly target: string;
  /** `name` in lower case. Undefined where the request does not have the header. */
  header(name: string): string | undefined;
  /** The body as text, of at most `limit` bytes in UTF-8. Called once. @throws BodyTooLargeError */
  readText(limit: number): Promise<string>;
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
  /** Told of work that outlasts the response, by hosts that may end the process with it. The work never rejects. */
  readonly waitUntil?: ((work: Promise<void>) => void) | undefined;
}

/** What the gateway answers. The host sends it. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Absent for an answer without a body. */
  readonly body?: string | StreamedBody;
}

/** A body that comes piece by piece. The host calls exactly one of these, once; after `sendTo`, `leave` may follow. */
export interface StreamedBody {
  /** Headers and the first piece go out at once. */
  sendTo(client: ClientSink): void;
  /** The client has gone. */
  leave(): void;
}

/** Where a streamed body goes. After `end` or `cut` nothing is taken any more. */
export interface ClientSink {
  write(text: string): void;
  /** Whether the client keeps up: otherwise what is written waits in memory. */
  readonly isReady: boolean;
  /** Resolves when the client keeps up again, or has left. */
  untilReady(): Promise<void>;
  end(): void;
  /** Breaks the connection, so that the client sees that the body is not whole. */
  cut(reason: Error): void;
}

/** A request's body is larger than its reader accepts. */
export class BodyTooLargeError extends Error {
  override readonly name = "BodyTooLargeError";
  /** Bytes. */
  readonly limit: number;

  constructor(limit: number) {
    super(`The body is larger than ${limit} bytes.`);
    this.limit = limit;
  }
}

/** The query's value of this name; undefined where there is none. */
export function queryOf({ target }: Pick<HttpRequest, "target">, name: string): string | undefined {
  const start = target.indexOf("?");
  return start === -1 ? undefined : (new URLSearchParams(target.slice(start + 1)).get(name) ?? undefined);
}

export function jsonAnswer(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
}

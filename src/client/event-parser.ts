/** One event of a server-sent event stream (WHATWG HTML, 9.2.6). */
export interface ServerSentEvent {
  /** The event's own `id:`. A browser's lastEventId, in contrast, is inherited by events without one. */
  readonly id: string | undefined;
  /** `message` unless the server set another type. */
  readonly type: string;
  readonly data: string;
}

export interface EventParser {
  /** The events that this text completes. An event that the end of the stream leaves incomplete is dropped. */
  push(text: string): ServerSentEvent[];
  /** The last `retry:`, in ms. */
  readonly retry: number | undefined;
}

/** Most characters of one event: more than an A2A server sends, and little enough for the memory of a client. */
const MAX_EVENT = 16 * 1024 * 1024;

/**
 * Parses a stream in pieces of any size, decoded and without a BOM. The SDK's parser drops ids, and treats a truncated event
 * as complete.
 */
export function createEventParser(): EventParser {
  let rest = "";
  let endsInCr = false;
  let id: string | undefined;
  let type = "";
  let data: string[] = [];
  let size = 0;
  let retry: number | undefined;

  return {
    push(text) {
      const events: ServerSentEvent[] = [];
      // The second half of a CRLF that was cut in two.
      const lines = rest + (endsInCr ? text.replace(/^\n/, "") : text);
      endsInCr = text === "" ? endsInCr : text.endsWith("\r");
      const whole = lines.split(/\r\n|\n|\r/);
      rest = whole.pop() ?? "";
      for (const line of whole) {
        if (line !== "") {
          readField(line);
          continue;
        }
        if (data.length > 0) {
          events.push({ id, type: type || "message", data: data.join("\n") });
        }
        [id, type, data, size] = [undefined, "", [], 0];
      }
      if (size + rest.length > MAX_EVENT) {
        throw new RangeError(`The stream has an event of more than ${MAX_EVENT} characters.`);
      }
      return events;
    },
    get retry() {
      return retry;
    },
  };

  function readField(line: string): void {
    const colon = line.indexOf(":");
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    size += line.length;
    switch (name) {
      case "data":
        data.push(value);
        break;
      case "event":
        type = value;
        break;
      case "id":
        id = value.includes("\0") ? id : value;
        break;
      case "retry":
        retry = /^\d+$/.test(value) ? Number(value) : retry;
        break;
      // Comments (their field name is empty) and unknown fields.
      default:
    }
  }
}

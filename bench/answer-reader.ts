export interface AnswerReader {
  /** Whether an HTTP/1.1 response is complete with these bytes. @throws Error with the response when it is not a 200 */
  push(bytes: Buffer): boolean;
  /** Returns the complete response and clears it. */
  take(): Buffer;
}

const HEAD_END = "\r\n\r\n";
const NOTHING = Buffer.alloc(0);

/** Reads one response after another from a connection, by content-length or chunked encoding. */
export function createAnswerReader(): AnswerReader {
  let held: Buffer = NOTHING;
  /** Index of the end of the body, of the next chunk's size, or of the start of the search for the end of the head. */
  let at = 0;
  let kind: "head" | "sized" | "chunked" = "head";
  return {
    push(bytes) {
      held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
      if (kind === "head") {
        const end = held.indexOf(HEAD_END);
        if (end < 0) {
          return false;
        }
        const head = held.toString("latin1", 0, end);
        if (!head.startsWith("HTTP/1.1 200")) {
          throw new Error(`expected a 200: ${held.toString("utf8", 0, 500)}`);
        }
        const length = /^content-length: *(\d+)/im.exec(head)?.[1];
        kind = length === undefined ? "chunked" : "sized";
        at = end + HEAD_END.length + Number(length ?? 0);
      }
      return kind === "sized" ? held.length >= at : isLastChunkHere();
    },
    take() {
      const whole = held;
      held = NOTHING;
      at = 0;
      kind = "head";
      return whole;
    },
  };

  function isLastChunkHere(): boolean {
    for (;;) {
      const line = held.indexOf("\r\n", at);
      if (line < 0) {
        return false;
      }
      const size = Number.parseInt(held.toString("latin1", at, line), 16);
      if (Number.isNaN(size)) {
        throw new Error(`neither a content-length nor chunks: ${held.toString("utf8", 0, 500)}`);
      }
      const next = line + 2 + size + 2;
      if (held.length < next) {
        return false;
      }
      if (size === 0) {
        return true;
      }
      at = next;
    }
  }
}

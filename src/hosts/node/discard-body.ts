import type { IncomingMessage } from "node:http";

/** Bytes that are read of a body that is refused. A client that sends more sees its connection break, as it may. */
const MOST = 128 * 1024 ** 2;
/** Ms. */
const LONGEST = 10_000;

/**
 * Reads the rest of a body and drops it. Resolves at its end, when the client leaves, or at a bound. An answer sent before
 * that may not arrive: a client that is still sending loses the connection, and the Functions host turns it into an
 * empty 500.
 */
export function discardBody(incoming: IncomingMessage, most = MOST, longest = LONGEST): Promise<void> {
  return new Promise((resolve) => {
    let bytes = 0;
    const stop = (): void => {
      clearTimeout(timer);
      incoming.off("data", count).off("end", stop).off("close", stop).off("error", stop);
      incoming.resume();
      resolve();
    };
    const count = (chunk: Buffer): void => {
      bytes += chunk.byteLength;
      if (bytes > most) {
        stop();
      }
    };
    const timer = setTimeout(stop, longest);
    if (incoming.readableEnded || incoming.destroyed) {
      stop();
      return;
    }
    incoming.on("data", count).once("end", stop).once("close", stop).once("error", stop);
  });
}

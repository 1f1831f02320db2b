import type { ServerResponse } from "node:http";

let waiting: { readonly outgoing: ServerResponse; readonly write: () => void }[] = [];

/**
 * Writes to a response at the end of this turn of the event loop, together with the writes of other calls: waking the
 * readers of many sockets at once costs less than waking each one separately (docs/decisions/0014).
 */
export function writeLater(outgoing: ServerResponse, write: () => void): void {
  if (waiting.push({ outgoing, write }) === 1) {
    setImmediate(writeAll);
  }
}

function writeAll(): void {
  const all = waiting;
  waiting = [];
  for (const { outgoing, write } of all) {
    try {
      write();
    } catch {
      // A header that Node.js refuses, for instance. The other responses of this turn are not affected.
      outgoing.destroy();
    }
  }
}

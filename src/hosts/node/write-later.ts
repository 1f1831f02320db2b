let waiting: (() => void)[] = [];

/**
 * Writes at the end of this turn of the event loop, together with the writes of other calls: waking the readers of many
 * sockets at once costs less than waking each one separately (docs/decisions/0014).
 */
export function writeLater(write: () => void): void {
  if (waiting.push(write) === 1) {
    setImmediate(writeAll);
  }
}

function writeAll(): void {
  const all = waiting;
  waiting = [];
  for (const write of all) {
    write();
  }
}

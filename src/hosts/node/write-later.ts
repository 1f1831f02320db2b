let waiting: (() => void)[] = [];

/**
 * Writes at the end of this turn of the event loop, together with all that other calls write in it: waking the readers
 * of many sockets in one go costs less than waking each as its answer is made (docs/decisions/0014).
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

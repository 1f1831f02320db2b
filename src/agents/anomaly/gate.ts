/** Lets so many in at once; the others wait in order. */
export interface Gate {
  /**
   * Resolves with the way out, to be called once.
   * @throws the signal's reason when aborted while waiting
   */
  enter(signal: AbortSignal): Promise<() => void>;
}

export function createGate(capacity: number): Gate {
  let free = capacity;
  const waiting = new Set<() => void>();
  const leave = () => {
    const [next] = waiting;
    if (next === undefined) free++;
    else next();
  };
  return {
    async enter(signal) {
      signal.throwIfAborted();
      if (free > 0) {
        free--;
        return leave;
      }
      const { promise, resolve, reject } = Promise.withResolvers<() => void>();
      const admit = () => {
        waiting.delete(admit);
        signal.removeEventListener("abort", giveUp);
        resolve(leave);
      };
      const giveUp = () => {
        waiting.delete(admit);
        reject(signal.reason);
      };
      waiting.add(admit);
      signal.addEventListener("abort", giveUp, { once: true });
      return promise;
    },
  };
}

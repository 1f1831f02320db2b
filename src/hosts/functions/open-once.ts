/**
 * Opens something at the first call, once for all callers. After a failure all calls within `pause` ms fail in the same
 * way; the first call after that tries again.
 */
export function openOnce<T>(open: () => Promise<T>, pause: number, now: () => number): () => Promise<T> {
  let opened: Promise<T> | undefined;
  let retryAt = Number.POSITIVE_INFINITY;

  return () => {
    if (!opened || now() >= retryAt) {
      retryAt = Number.POSITIVE_INFINITY;
      const attempt = open();
      attempt.catch(() => {
        retryAt = now() + pause;
      });
      opened = attempt;
    }
    return opened;
  };
}

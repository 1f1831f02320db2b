/**
 * Opens something when it is first asked for, once for all who ask. A failure is everybody's answer for `pause` ms;
 * who asks after that tries again.
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

import type { WorkMessage, WorkQueue } from "../ports/work-queue.ts";

/** A queue whose messages this process also takes. A host with a queue trigger of its own only sends. */
export interface LocalWork extends WorkQueue {
  /** Begins to take messages. A message that `handle` rejects comes again later. */
  take(handle: (message: WorkMessage) => Promise<void>): void;
  /** Begins no further message; resolves once the running ones have ended. */
  close(): Promise<void>;
}

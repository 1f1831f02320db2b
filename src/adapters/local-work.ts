import type { WorkMessage, WorkQueue } from "../ports/work-queue.ts";

/** A queue from which this process also receives. A host with a queue trigger only sends. */
export interface LocalWork extends WorkQueue {
  /** Starts to receive. A message whose `handle` rejects is delivered again later. */
  take(handle: (message: WorkMessage) => Promise<void>): void;
  /** Stops receiving. Resolves when all running handlers have ended. */
  close(): Promise<void>;
}

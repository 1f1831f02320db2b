import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";
import type { WorkMessage, WorkQueue } from "../../ports/work-queue.ts";

export interface MemoryWorkQueue extends WorkQueue {
  /** Messages sent before wait for it. */
  onMessage(handler: (message: WorkMessage) => Promise<unknown>): void;
  /** Begins no further message; resolves once the running ones have ended. */
  close(): Promise<void>;
}

/**
 * A queue within this process that hands out at most `concurrency` messages at once. A message whose handler
 * fails is logged and gone: the sweep finds its turn.
 */
export function createMemoryWorkQueue(concurrency: number, clock: Clock, logger: Logger): MemoryWorkQueue {
  const waiting: WorkMessage[] = [];
  const running = new Set<Promise<void>>();
  let handle: ((message: WorkMessage) => Promise<unknown>) | undefined;

  return {
    async send(message, after = 0) {
      if (after > 0) {
        clock.after(after, () => enqueue(message));
      } else {
        enqueue(message);
      }
    },
    onMessage(handler) {
      handle = handler;
      handOut();
    },
    async close() {
      handle = undefined;
      await Promise.all(running);
    },
  };

  function enqueue(message: WorkMessage): void {
    waiting.push(message);
    handOut();
  }

  function handOut(): void {
    while (handle && running.size < concurrency) {
      const message = waiting.shift();
      if (!message) {
        return;
      }
      const work = run(handle, message).finally(() => {
        running.delete(work);
        handOut();
      });
      running.add(work);
    }
  }

  async function run(handler: (message: WorkMessage) => Promise<unknown>, message: WorkMessage): Promise<void> {
    try {
      await handler(message);
    } catch (error) {
      logger.warn("work.failed", { kind: message.kind, taskId: message.taskId, error: String(error) });
    }
  }
}

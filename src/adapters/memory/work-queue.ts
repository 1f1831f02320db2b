import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";
import type { WorkMessage } from "../../ports/work-queue.ts";
import type { LocalWork } from "../local-work.ts";

interface Waiting {
  readonly message: WorkMessage;
  readonly deliveries: number;
}

/** As in the queue of a storage account. */
const MAX_DELIVERIES = 5;

/** A queue within this process that hands out at most `concurrency` messages at once. */
export function createMemoryWorkQueue(concurrency: number, clock: Clock, logger: Logger): LocalWork {
  const waiting: Waiting[] = [];
  const running = new Set<Promise<void>>();
  let handle: ((message: WorkMessage) => Promise<void>) | undefined;

  return {
    async send(message, after = 0) {
      enqueue({ message, deliveries: 1 }, after);
    },
    take(handler) {
      handle = handler;
      handOut();
    },
    async close() {
      handle = undefined;
      await Promise.all(running);
    },
  };

  function enqueue(entry: Waiting, after: number): void {
    if (after > 0) {
      clock.after(after, () => enqueue(entry, 0));
      return;
    }
    waiting.push(entry);
    handOut();
  }

  function handOut(): void {
    while (handle && running.size < concurrency) {
      const entry = waiting.shift();
      if (!entry) {
        return;
      }
      const work = run(handle, entry).finally(() => {
        running.delete(work);
        handOut();
      });
      running.add(work);
    }
  }

  async function run(handler: (message: WorkMessage) => Promise<void>, entry: Waiting): Promise<void> {
    const { message, deliveries } = entry;
    try {
      await handler(message);
    } catch (error) {
      const isLast = deliveries >= MAX_DELIVERIES;
      logger[isLast ? "warn" : "info"](isLast ? "work.dropped" : "work.postponed", {
        taskId: message.taskId,
        deliveries,
        error: String(error),
      });
      if (!isLast) {
        enqueue({ message, deliveries: deliveries + 1 }, deliveries * 1_000);
      }
    }
  }
}

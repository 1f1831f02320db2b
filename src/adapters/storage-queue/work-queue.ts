import type { QueueClient } from "@azure/storage-queue";
import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Random } from "../../ports/random.ts";
import type { WorkMessage, WorkQueue } from "../../ports/work-queue.ts";
import type { LocalWork } from "../local-work.ts";
import { attempt, QUIET, TRIES } from "../storage-account/store-attempt.ts";
import { toMessageText } from "./message-text.ts";
import { createReceiver } from "./receiver.ts";

/** The service's longest visibility timeout, in s. */
const LONGEST_WAIT = 7 * 86_400 - 1;
/** Sends to a queue of a storage account. Duplicate messages are harmless. `quiet` limits one send, in ms. */
export function createStorageWorkQueue(client: QueueClient, quiet = QUIET): WorkQueue {
  return {
    async send(message, after = 0) {
      const visibilityTimeout = Math.min(Math.ceil(after / 1_000), LONGEST_WAIT);
      await attempt(
        "send work",
        ({ abortSignal }) => client.sendMessage(toMessageText(message), { visibilityTimeout, abortSignal }),
        { quiet, tries: TRIES },
      );
    },
  };
}

export interface LocalWorkParts {
  readonly client: QueueClient;
  /** Most messages handled at once. */
  readonly concurrency: number;
  /**
   * Length of a lease in ms. A received message stays hidden from others for as long, and one that this process has sent
   * and started itself for a third of it: if this process dies, another instance needs the message.
   */
  readonly lease: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * A queue of a storage account from which this process also receives. It starts a message that it sends at once if there is
 * room, without waiting for the next request (docs/architecture.md#work-messages).
 */
export function createStorageLocalWork(parts: LocalWorkParts): LocalWork {
  const queue = createStorageWorkQueue(parts.client);
  const receiver = createReceiver(parts);
  return {
    async send(message: WorkMessage, after = 0) {
      const isOffered = after === 0 && receiver.hasRoom;
      if (!isOffered) {
        await queue.send(message, after);
        return;
      }
      receiver.offer(message);
      try {
        await queue.send(message, parts.lease / 3);
      } catch (error) {
        // It has begun here. Its copy is for the case that this process dies, and the sweep finds that too.
        parts.logger.warn("queue.send-failed", { taskId: message.taskId, error: String(error) });
      }
    },
    take: (handle) => receiver.start(handle),
    close: () => receiver.close(),
  };
}

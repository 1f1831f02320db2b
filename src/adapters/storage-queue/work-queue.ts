import type { QueueClient } from "@azure/storage-queue";
import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Random } from "../../ports/random.ts";
import type { WorkMessage, WorkQueue } from "../../ports/work-queue.ts";
import type { LocalWork } from "../local-work.ts";
import { attempt } from "../storage-account/store-attempt.ts";
import { toMessageText } from "./message-text.ts";
import { createReceiver } from "./receiver.ts";

/** The store lets nothing wait longer, in s. */
const LONGEST_WAIT = 7 * 86_400 - 1;
/** For one request with its repeats, in ms. */
const TIMEOUT = 10_000;

/** Sends to a queue of a storage account. A message that is sent twice does no harm. */
export function createStorageWorkQueue(client: QueueClient): WorkQueue {
  return {
    async send(message, after = 0) {
      const visibilityTimeout = Math.min(Math.ceil(after / 1_000), LONGEST_WAIT);
      const options = { visibilityTimeout, abortSignal: AbortSignal.timeout(TIMEOUT) };
      await attempt("send work", () => client.sendMessage(toMessageText(message), options));
    },
  };
}

export interface LocalWorkParts {
  readonly client: QueueClient;
  /** Messages worked on at once. */
  readonly concurrency: number;
  /**
   * Ms after which a silent instance loses its turns. A message that is worked on stays hidden from others for as long,
   * and for a third of it while it is only offered here: they need it when this process dies.
   */
  readonly lease: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * A queue of a storage account that this process also takes from. What it sends it offers to itself at once, without
 * waiting for the next look (DESIGN 3.3).
 */
export function createStorageLocalWork(parts: LocalWorkParts): LocalWork {
  const queue = createStorageWorkQueue(parts.client);
  const receiver = createReceiver(parts);
  return {
    async send(message: WorkMessage, after = 0) {
      const isOffered = after === 0 && receiver.hasRoom;
      await queue.send(message, isOffered ? parts.lease / 3 : after);
      if (isOffered) {
        receiver.offer(message);
      }
    },
    take: (handle) => receiver.start(handle),
    close: () => receiver.close(),
  };
}

import type { DequeuedMessageItem, QueueClient } from "@azure/storage-queue";
import type { WorkMessage } from "../../ports/work-queue.ts";
import { StoreError } from "../../ports/store-error.ts";
import { attempt, TRIES } from "../storage-account/store-attempt.ts";
import type { StoreCall } from "../storage-account/store-attempt.ts";
import { fromMessageText } from "./message-text.ts";
import type { LocalWorkParts } from "./work-queue.ts";

/** Receives messages from a queue while there is room, and passes them to one handler. */
export interface Receiver {
  /** Whether an offered message would start at once. */
  readonly hasRoom: boolean;
  start(handle: (message: WorkMessage) => Promise<void>): void;
  /** Starts a message that this process has just sent. */
  offer(message: WorkMessage): void;
  close(): Promise<void>;
}

/** Messages per request; the service's maximum. */
const BATCH = 32;
/** A message is dropped after this many deliveries: the sweep finds its turn. */
const MAX_DELIVERIES = 5;
/** Ms between two requests: while messages arrive, and at most while there are none. */
const BUSY_LOOK = 50;
const IDLE_LOOK = 1_000;

export function createReceiver({ client, concurrency, lease, clock, random, logger }: LocalWorkParts): Receiver {
  /** In s; renewed after half of it. */
  const hidden = Math.ceil(lease / 1_000);
  const running = new Set<Promise<void>>();
  const closed = new AbortController();
  let handle: ((message: WorkMessage) => Promise<void>) | undefined;
  let looking = Promise.resolve();

  return {
    get hasRoom() {
      return handle !== undefined && running.size < concurrency;
    },
    start(given) {
      handle = given;
      looking = look();
    },
    offer(message) {
      if (handle) {
        const run = handle;
        track(
          run(message).catch((error: unknown) => {
            // Its copy in the queue becomes visible later.
            logger.info("work.postponed", { taskId: message.taskId, error: String(error) });
          }),
        );
      }
    },
    async close() {
      handle = undefined;
      closed.abort();
      await looking;
      await Promise.all(running);
    },
  };

  async function look(): Promise<void> {
    let pause = BUSY_LOOK;
    while (handle) {
      const room = Math.min(concurrency - running.size, BATCH);
      const messages = room > 0 ? await receive(client, room) : [];
      for (const message of messages) {
        track(work(message));
      }
      pause = messages.length > 0 ? BUSY_LOOK : Math.min(pause * 2, IDLE_LOOK);
      if (messages.length < BATCH) {
        await wait(pause * (0.75 + random.fraction() / 2));
      }
    }
  }

  async function receive(from: QueueClient, room: number): Promise<DequeuedMessageItem[]> {
    try {
      const options = { numberOfMessages: room, visibilityTimeout: hidden };
      // Not repeated: messages of an answer that was lost stay hidden.
      const answer = await attempt("receive work", ({ abortSignal }) =>
        from.receiveMessages({ ...options, abortSignal }),
      );
      return answer.receivedMessageItems;
    } catch (error) {
      logger.warn("queue.receive-failed", { error: String(error) });
      return [];
    }
  }

  async function work(received: DequeuedMessageItem): Promise<void> {
    const message = fromMessageText(received.messageText);
    const held = holdHidden(received);
    try {
      if (message && handle && received.dequeueCount <= MAX_DELIVERIES) {
        await handle(message);
      } else if (!message || handle) {
        logger.warn("work.dropped", { message: received.messageId, deliveries: received.dequeueCount });
      } else {
        await held.giveBack(0);
        return;
      }
      await held.remove();
    } catch (error) {
      logger.info("work.postponed", { taskId: message?.taskId, error: String(error) });
      await held.giveBack(received.dequeueCount);
    }
  }

  /** Keeps a message hidden from others until it is deleted or returned. */
  function holdHidden({ messageId, popReceipt }: DequeuedMessageItem): {
    remove(): Promise<void>;
    /** Makes it visible to others after this many seconds. */
    giveBack(seconds: number): Promise<void>;
  } {
    let receipt = popReceipt;
    let busy = Promise.resolve();
    let stop = clock.after((hidden * 1_000) / 2, renew);
    return {
      remove: () =>
        settle(async () => {
          const remove = ({ abortSignal }: StoreCall) => client.deleteMessage(messageId, receipt, { abortSignal });
          await attempt("delete work", remove, { tries: TRIES });
        }),
      giveBack: (seconds) => settle(() => hide(seconds)),
    };

    function renew(): void {
      busy = quietly(() => hide(hidden));
      stop = clock.after((hidden * 1_000) / 2, renew);
    }

    async function hide(seconds: number): Promise<void> {
      const updated = await attempt("hide work", ({ abortSignal }) =>
        client.updateMessage(messageId, receipt, undefined, seconds, { abortSignal }),
      );
      receipt = updated.popReceipt ?? receipt;
    }

    async function settle(last: () => Promise<void>): Promise<void> {
      stop();
      await busy;
      await quietly(last);
    }
  }

  /** After a failure the message is delivered again, which is harmless. */
  async function quietly(request: () => Promise<void>): Promise<void> {
    try {
      await request();
    } catch (error) {
      if (!(error instanceof StoreError) || error.fault.code !== "conflict") {
        logger.warn("queue.update-failed", { error: String(error) });
      }
    }
  }

  function track(begun: Promise<void>): void {
    const tracked = begun.finally(() => running.delete(tracked));
    running.add(tracked);
  }

  function wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        closed.signal.removeEventListener("abort", done);
        resolve();
      };
      const cancel = clock.after(ms, done);
      closed.signal.addEventListener("abort", done);
      if (closed.signal.aborted) {
        done();
      }
    });
  }
}

import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { QueueServiceClient } from "@azure/storage-queue";
import type { DequeuedMessageItem, QueueClient } from "@azure/storage-queue";
import { holdTimerLock } from "./timer-lock.ts";
import type { WorkerProcess } from "./worker-process.ts";

interface HostJson {
  readonly singleton?: { readonly listenerLockRecoveryPollingInterval?: string };
  readonly extensions: {
    readonly queues: {
      readonly batchSize: number;
      readonly maxDequeueCount: number;
      readonly visibilityTimeout: string;
    };
  };
}

const { extensions, singleton } = JSON.parse(
  readFileSync(new URL("../../../host.json", import.meta.url), "utf8"),
) as HostJson;
/** A message in work stays hidden for this long, in s: so long do those of a killed host stay away. */
const HIDDEN = 600;
/** The host's own polling goes up to `maxPollingInterval`. */
const POLL = 100;

/** Ms between two attempts of an instance to become the owner of a timer. */
const LOCK_RETRY = toMs(singleton?.listenerLockRecoveryPollingInterval ?? "00:01:00");

/** Runs the queue functions until stopped, and the timer functions where no other instance does. */
export function startTriggers(worker: WorkerProcess, connectionString: string): { stop(): void } {
  const stopped = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  for (const { name, trigger } of worker.functions) {
    if (trigger.type === "queueTrigger") {
      const queue = QueueServiceClient.fromConnectionString(connectionString).getQueueClient(
        String(trigger["queueName"]),
      );
      void poll(worker, name, queue, stopped.signal);
    } else if (trigger.type === "timerTrigger") {
      const data = { json: JSON.stringify({ IsPastDue: false }) };
      const fire = (): void => void worker.invoke(name, data).ended.catch(() => {});
      const own = (): void => void timers.push(setInterval(fire, toInterval(String(trigger["schedule"]))));
      void holdTimerLock(connectionString, name, LOCK_RETRY, stopped.signal, own);
    }
  }
  return {
    stop() {
      stopped.abort();
      timers.forEach(clearInterval);
    },
  };
}

function toInterval(schedule: string): number {
  const seconds = /^\*\/(\d+) \* \* \* \* \*$/.exec(schedule)?.[1];
  if (seconds === undefined) throw new Error(`the stand-in does not know the schedule ${schedule}`);
  return Number(seconds) * 1_000;
}

async function poll(worker: WorkerProcess, name: string, queue: QueueClient, signal: AbortSignal): Promise<void> {
  const running = new Set<Promise<void>>();
  while (!signal.aborted) {
    const numberOfMessages = extensions.queues.batchSize - running.size;
    const received =
      numberOfMessages > 0
        ? await queue.receiveMessages({ numberOfMessages, visibilityTimeout: HIDDEN, abortSignal: signal }).then(
            (answer) => answer.receivedMessageItems,
            () => [],
          )
        : [];
    for (const message of received) {
      const run: Promise<void> = work(worker, name, queue, message).finally(() => running.delete(run));
      running.add(run);
    }
    await wait(POLL, undefined, { signal }).catch(() => {});
  }
}

async function work(
  worker: WorkerProcess,
  name: string,
  queue: QueueClient,
  message: DequeuedMessageItem,
): Promise<void> {
  const { messageId, popReceipt, messageText, dequeueCount } = message;
  const { visibilityTimeout, maxDequeueCount } = extensions.queues;
  try {
    await worker.invoke(name, { string: messageText }, { dequeueCount: { string: String(dequeueCount) } }).ended;
    await queue.deleteMessage(messageId, popReceipt);
  } catch {
    await (
      dequeueCount >= maxDequeueCount
        ? queue.deleteMessage(messageId, popReceipt)
        : queue.updateMessage(messageId, popReceipt, undefined, toMs(visibilityTimeout) / 1_000)
    ).catch(() => {});
  }
}

/** `hh:mm:ss` */
function toMs(timeSpan: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = timeSpan.split(":").map(Number);
  return (hours * 3_600 + minutes * 60 + seconds) * 1_000;
}

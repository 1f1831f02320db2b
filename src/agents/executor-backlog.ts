import type { Part } from "@a2a-js/sdk";
import { AgentFailure } from "../ports/agent.ts";

/** What an executor publishes before the log has taken it. It keeps the order, and a bound. */
export interface ExecutorBacklog {
  /** `bytes` is about what the event holds in memory, `send` its call of the turn. `isEnd`: the call ends the turn. */
  add(bytes: number, send: () => Promise<unknown>, isEnd?: boolean): void;
  /** Resolves when everything is in the log. @throws the error of the first refused call */
  settled(): Promise<void>;
}

/** Bytes that the log is given at once; the rest follows as the log takes them. The log itself fails a turn at 8 MiB. */
const MAX_IN_FLIGHT = 4 * 1024 * 1024;
/** Bytes that may wait for the log: `publish` cannot wait, so an executor that goes on beyond it fails. */
const MAX_WAITING = 64 * 1024 * 1024;
/** An event of fewer bytes is never refused for its size, so the end of the turn need not wait for the answer. */
const SMALL = 4 * 1024;

export function createExecutorBacklog(): ExecutorBacklog {
  const waiting: Event[] = [];
  let waitingBytes = 0;
  let inFlight = 0;
  let calls = 0;
  let large = 0;
  let failure: { readonly reason: unknown } | undefined;
  let wakeSettled = (): void => {};

  return {
    add(bytes, send, isEnd = false) {
      if (failure) {
        return;
      }
      waiting.push({ bytes, send, isEnd });
      waitingBytes += bytes;
      sendWaiting();
      if (waitingBytes > MAX_WAITING) {
        const limit = `${MAX_WAITING / 1024 / 1024} MiB`;
        fail(new AgentFailure(`The agent published more than ${limit} faster than its task could be stored.`));
      }
    },
    async settled() {
      if (calls > 0 || waiting.length > 0) {
        await new Promise<void>((resolve) => {
          wakeSettled = resolve;
        });
      }
      if (failure) {
        throw failure.reason;
      }
    },
  };

  function sendWaiting(): void {
    for (let next = waiting[0]; next !== undefined && isDue(next); next = waiting[0]) {
      waiting.shift();
      waitingBytes -= next.bytes;
      void sendNow(next);
    }
  }

  /** After a refused event the turn must not end as if it had been sent. */
  function isDue({ bytes, isEnd }: Event): boolean {
    return isEnd ? large === 0 : inFlight === 0 || inFlight + bytes <= MAX_IN_FLIGHT;
  }

  async function sendNow(event: Event): Promise<void> {
    const isLarge = Number(event.bytes > SMALL);
    inFlight += event.bytes;
    large += isLarge;
    calls += 1;
    try {
      await event.send();
    } catch (error) {
      fail(error);
    }
    inFlight -= event.bytes;
    large -= isLarge;
    calls -= 1;
    sendWaiting();
    if (calls === 0 && waiting.length === 0) {
      wakeSettled();
    }
  }

  function fail(reason: unknown): void {
    failure ??= { reason };
    waiting.length = 0;
    waitingBytes = 0;
  }
}

interface Event {
  readonly bytes: number;
  readonly send: () => Promise<unknown>;
  readonly isEnd: boolean;
}

/** About the bytes that parts hold in memory. */
export function weightOfParts(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + 200 + weightOf(part), 200);
}

function weightOf({ content, metadata }: Part): number {
  const beside = metadata === undefined ? 0 : JSON.stringify(metadata).length;
  switch (content?.$case) {
    case "raw":
      return beside + content.value.byteLength;
    case "data":
      return beside + (JSON.stringify(content.value)?.length ?? 0);
    default:
      return beside + (content?.value.length ?? 0);
  }
}

import type { Message } from "@a2a-js/sdk";
import type { Clock } from "../ports/clock.ts";
import { Interruption } from "./durable-stream-error.ts";
import { declaresExtension, openStream } from "./open-stream.ts";
import type { Wire } from "./open-stream.ts";
import { createStreamProgress } from "./stream-progress.ts";
import type { DurableEvent, StreamProgress } from "./stream-progress.ts";

export interface DurableStreamOptions {
  /** The agent's URL, such as `https://host/agents/anomaly`. Of several, for the same tasks, the next after each break. */
  readonly url: string | readonly string[];
  /** To send: its `messageId` is the key under which it is taken once, however often it must be sent again. */
  readonly message?: Message;
  /** To watch instead of sending: the id of a task, running or ended. */
  readonly taskId?: string;
  /**
   * Leaves out the task's events up to this generation. By default there are all, from the first; of a message to an
   * existing task all from the Task as that message finds it.
   */
  readonly after?: number;
  /** Authorization, for instance; where that must be renewed, `fetch` can do so. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly fetch?: typeof fetch;
  readonly signal?: AbortSignal;
  /** Told before each wait, in ms, for another attempt. */
  readonly onReconnect?: (why: { readonly reason: Error; readonly delay: number }) => void;
  /** Ms without an accepted stream after which it gives up; 5 min. */
  readonly giveUpAfter?: number;
  readonly clock?: Pick<Clock, "monotonic" | "after">;
  /** 0 <= x < 1, for jitter. */
  readonly random?: () => number;
}

/**
 * Sends a message or watches a task over as many connections as it takes: each event once and in order, until the task
 * ends or asks for input. It goes on after broken connections and restarted servers (docs/extensions/durable-v1.md);
 * at a server without the extension only as long as its first connection lasts.
 * @throws DurableStreamError; the signal's reason once aborted
 */
export async function* durableStream(options: DurableStreamOptions): AsyncGenerator<DurableEvent, void, undefined> {
  const { signal, clock = systemClock, giveUpAfter = 300_000, random = Math.random } = options;
  const wire: Wire = { fetch: options.fetch ?? fetch, headers: options.headers, clock };
  const urls = [options.url].flat().map((url) => url.replace(/\/$/, ""));
  const progress = createStreamProgress(options);
  let isDurable: boolean | undefined;
  let attempts = 0;
  let failures = 0;
  let failingSince: number | undefined;

  for (;;) {
    signal?.throwIfAborted();
    const abort = new AbortController();
    const leave = (): void => abort.abort(signal?.reason);
    signal?.addEventListener("abort", leave, { once: true });
    let interruption: Interruption;
    try {
      const stream = await connect(urls[attempts % urls.length] ?? "", abort);
      failingSince = undefined;
      for await (const { generation, response } of stream.events) {
        for (const event of isDurable ? progress.take(generation, response) : progress.pass(response)) {
          failures = 0;
          yield event;
        }
        if (progress.verdict !== "read") {
          break;
        }
      }
      if (progress.verdict === "replay") {
        continue;
      }
      if (progress.verdict === "done" || progress.mayEnd || !isDurable) {
        return;
      }
      interruption = new Interruption("the stream ended before its task", { retryAfter: stream.retry });
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof Interruption)) {
        throw error;
      }
      if (isDurable === false) {
        throw notDurable(progress, error);
      }
      interruption = error;
    } finally {
      signal?.removeEventListener("abort", leave);
      abort.abort();
    }
    const now = clock.monotonic();
    failingSince ??= now;
    const ms = now - failingSince;
    if (ms >= giveUpAfter) {
      const text = `No server has answered for ${Math.round(ms / 1_000)} s: ${interruption.message}.`;
      throw progress.toError({ code: "unreachable", ms }, text, interruption);
    }
    const delay = interruption.retryAfter + toBackoff(failures, random());
    attempts += 1;
    failures += 1;
    options.onReconnect?.({ reason: interruption, delay });
    await wait(clock, delay, signal);
  }

  async function connect(url: string, abort: AbortController): ReturnType<typeof openStream> {
    // Nobody knows whether a message without an answer was taken: only the extension makes it safe to send it again.
    if (attempts > 0 && isDurable === undefined) {
      isDurable = await declaresExtension(wire, url, abort);
    }
    if (isDurable === false) {
      throw notDurable(progress);
    }
    const stream = await openStream(wire, url, progress.next(), abort);
    if (attempts > 0 && !stream.isDurable) {
      throw notDurable(progress);
    }
    isDurable = stream.isDurable;
    return stream;
  }
}

function notDurable(progress: StreamProgress, cause?: unknown): Error {
  const text =
    "The connection broke, and the server does not have the durable extension: what was missed cannot be had, " +
    "and whether a message without an answer was taken cannot be known.";
  return progress.toError({ code: "not-durable" }, text, cause);
}

/** In ms. */
const FIRST_BACKOFF = 250;
const LONGEST_BACKOFF = 10_000;

/** Grows with the failures in a row; spread, so that the clients of a server that fell do not return all at once. */
function toBackoff(failures: number, random: number): number {
  return Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** failures) * (0.5 + random / 2);
}

async function wait(clock: Pick<Clock, "after">, ms: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = (): void => resolve();
  const cancel = clock.after(ms, stop);
  signal?.addEventListener("abort", stop, { once: true });
  await promise;
  cancel();
  signal?.removeEventListener("abort", stop);
}

/** Unlike a server's clock it keeps a process alive that has nothing to do but wait. */
const systemClock: Pick<Clock, "monotonic" | "after"> = {
  monotonic: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

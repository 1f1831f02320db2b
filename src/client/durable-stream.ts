import type { Message } from "@a2a-js/sdk";
import type { Clock } from "../ports/clock.ts";
import { Interruption } from "./durable-stream-error.ts";
import { declaresExtension, openStream } from "./open-stream.ts";
import type { Wire } from "./open-stream.ts";
import { createStreamProgress } from "./stream-progress.ts";
import type { DurableEvent, StreamProgress } from "./stream-progress.ts";

export interface DurableStreamOptions {
  /** The agent's URL, such as `https://host/agents/anomaly`. With several URLs of the same agent, each attempt uses the next. */
  readonly url: string | readonly string[];
  /** The message to send. Its `messageId` is the idempotency key: the message is accepted once, however often it is sent. */
  readonly message?: Message;
  /** The id of a running or ended task to watch, instead of a message. */
  readonly taskId?: string;
  /**
   * Skips the events up to this generation. By default the stream starts with the first event; for a message to an existing
   * task it starts with the current Task.
   */
  readonly after?: number;
  /** Request headers such as Authorization. To renew a token during the stream, set the header in `fetch`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly fetch?: typeof fetch;
  readonly signal?: AbortSignal;
  /** Called before each wait for another attempt; `delay` in ms. */
  readonly onReconnect?: (why: { readonly reason: Error; readonly delay: number }) => void;
  /** Time without an accepted stream after which it throws `unreachable`, in ms; by default 5 min. */
  readonly giveUpAfter?: number;
  readonly clock?: Pick<Clock, "monotonic" | "after">;
  /** 0 <= x < 1, for jitter. */
  readonly random?: () => number;
}

/**
 * Sends a message, or watches a task, over as many connections as needed. Yields each event once and in order, until the task
 * ends or asks for input.
 *
 * It continues after broken connections and server restarts (docs/extensions/durable-v1.md). The message is sent again only
 * when that is safe. With a server that lacks the extension it works for one connection.
 * @throws DurableStreamError; the signal's reason when aborted; TypeError without exactly one of `message` and `taskId`
 *
 * @example
 * for await (const { generation, response } of durableStream({ url: "https://host/agents/anomaly", message })) {
 *   if (response.payload?.$case === "statusUpdate") console.log(generation, response.payload.value.status);
 * }
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
    // A message without an answer may have been accepted: only the extension makes it safe to send it again.
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
    "The connection broke, and the server does not have the durable extension: missed events cannot be requested, " +
    "and a message without an answer may or may not have been accepted.";
  return progress.toError({ code: "not-durable" }, text, cause);
}

/** In ms. */
const FIRST_BACKOFF = 250;
const LONGEST_BACKOFF = 10_000;

/** Increases with the failures in a row. Random, so that the clients of a failed server do not all return at once. */
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

/** Its timers keep the process alive, unlike those of a server's clock. */
const systemClock: Pick<Clock, "monotonic" | "after"> = {
  monotonic: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

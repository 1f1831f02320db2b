import type { Gateway } from "../../gateway.ts";
import { answerIncoming } from "../node/http-exchange.ts";
import { holdEnd } from "./hold-end.ts";
import type { RawCall } from "./call-pairs.ts";

/**
 * Answers one call. Resolves to whether the answer was a stream, when its response is closed and the turn that it began
 * has ended, even if the client disconnected earlier: the Functions host keeps a worker alive only while it has
 * invocations.
 *
 * A response is cut after `longest` ms. Never rejects.
 */
export async function serveCall(
  answer: Gateway["answer"],
  { incoming, outgoing }: RawCall,
  longest: number,
): Promise<{ readonly isStream: boolean }> {
  // The client may have left between the arrival of the request and that of its invocation.
  const closed = new Promise<void>((resolve) => {
    outgoing.once("close", resolve);
    if (outgoing.closed || outgoing.destroyed) {
      resolve();
    }
  });
  const cut = longest <= LONGEST_TIMEOUT ? setTimeout(() => outgoing.destroy(), longest) : undefined;
  const work: Promise<void>[] = [];
  const ended = (): Promise<unknown> => Promise.allSettled(work);
  let isStream = false;
  incoming.url = withSlashes(incoming.url ?? "/");
  await answerIncoming(
    async (request) => {
      const given = await answer(request);
      isStream = typeof given.body === "object";
      return holdEnd(given, ended);
    },
    incoming,
    outgoing,
    (begun) => void work.push(begun),
  );
  await closed;
  clearTimeout(cut);
  await ended();
  return { isStream };
}

/** The longest delay of setTimeout; longer ones fire at once. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** The Functions host decodes a path and encodes it again, but keeps `%2F` and then encodes its percent sign. */
function withSlashes(url: string): string {
  return url.replace(/^[^?]*/, (path) => path.replaceAll(/%252f/gi, "%2F"));
}

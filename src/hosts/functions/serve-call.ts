import type { Gateway } from "../../gateway.ts";
import { answerIncoming } from "../node/http-exchange.ts";
import type { RawCall } from "./call-pairs.ts";

/**
 * Answers one call and resolves when nothing of it is left: its response is closed, and the turn that it began has
 * ended, also when the client left long before. The Functions host keeps a worker only while its invocations are open.
 *
 * No call lasts longer than `longest` ms: then its response is cut. Never rejects.
 */
export async function serveCall(
  answer: Gateway["answer"],
  { incoming, outgoing }: RawCall,
  longest: number,
): Promise<void> {
  // The client may have left between the arrival of the request and that of its invocation.
  const closed = new Promise<void>((resolve) => {
    outgoing.once("close", resolve);
    if (outgoing.closed || outgoing.destroyed) {
      resolve();
    }
  });
  const cut = longest <= LONGEST_TIMEOUT ? setTimeout(() => outgoing.destroy(), longest) : undefined;
  const work: Promise<void>[] = [];
  incoming.url = withSlashes(incoming.url ?? "/");
  await answerIncoming(answer, incoming, outgoing, (begun) => void work.push(begun));
  await closed;
  clearTimeout(cut);
  await Promise.allSettled(work);
}

/** Beyond it setTimeout would fire at once. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** The Functions host decodes a path and encodes it again, but leaves `%2F` and then encodes its percent sign. */
function withSlashes(url: string): string {
  return url.replace(/^[^?]*/, (path) => path.replaceAll(/%252f/gi, "%2F"));
}

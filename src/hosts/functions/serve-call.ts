import { getRequestListener } from "@hono/node-server";
import type { Gateway } from "../../gateway.ts";
import type { RawCall } from "./call-pairs.ts";

/**
 * Answers one call. Resolves when its response is closed and the turn that it began has ended, even if the client
 * disconnected earlier: the Functions host keeps a worker alive only while it has invocations.
 *
 * A response is cut after `longest` ms. Never rejects.
 */
export async function serveCall(
  fetch: Gateway["fetch"],
  { incoming, outgoing }: RawCall,
  longest: number,
): Promise<void> {
  const closed = new Promise((resolve) => outgoing.once("close", resolve));
  const cut = longest <= LONGEST_TIMEOUT ? setTimeout(() => outgoing.destroy(), longest) : undefined;
  const work: Promise<void>[] = [];
  const execution = { waitUntil: (begun: Promise<void>) => void work.push(begun) };
  incoming.url = withSlashes(incoming.url ?? "/");
  // Reads the raw request and writes the raw response: waits while the client is slow, aborts the request's signal when
  // the client disconnects, and cuts a response that fails midway.
  await getRequestListener((request) => fetch(request, execution))(incoming, outgoing);
  await closed;
  clearTimeout(cut);
  await Promise.allSettled(work);
}

/** The longest delay of setTimeout; longer ones fire at once. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** The Functions host decodes a path and encodes it again, but keeps `%2F` and then encodes its percent sign. */
function withSlashes(url: string): string {
  return url.replace(/^[^?]*/, (path) => path.replaceAll(/%252f/gi, "%2F"));
}

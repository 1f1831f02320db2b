import { getRequestListener } from "@hono/node-server";
import type { Gateway } from "../../gateway.ts";
import type { RawCall } from "./call-pairs.ts";

/**
 * Answers one call and resolves when nothing of it is left: its response is closed, and the turn that it began has
 * ended, also when the client left long before. The Functions host keeps a worker only while its invocations are open.
 *
 * No call lasts longer than `longest` ms: then its response is cut. Never rejects.
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
  // Reads the raw request and writes the raw response: it waits while the client is slow, aborts the request's signal
  // when the client leaves, and cuts a response that fails midway.
  await getRequestListener((request) => fetch(request, execution))(incoming, outgoing);
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

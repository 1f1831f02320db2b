import { InputError } from "./series.ts";

const MAX_BYTES = 32 * 1024 * 1024;
const TIMEOUT = 30_000;

/**
 * Fetches a file from a host that the operator allowed. Redirects are refused: they would leave the allowed hosts.
 * @throws InputError when it cannot be had, or is over 32 MiB
 */
export async function fetchCsv(url: URL, signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    const response = await fetch(url, {
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]),
    });
    if (!response.ok || response.body === null) throw new InputError(`${url.host} answered ${response.status}.`);
    for await (const chunk of response.body) {
      size += chunk.byteLength;
      if (size > MAX_BYTES) throw new InputError(`The file at ${url.host} is over ${MAX_BYTES} bytes.`);
      chunks.push(chunk);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof InputError) throw error;
    throw new InputError(`The file could not be fetched from ${url.host}.`, { cause: error });
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

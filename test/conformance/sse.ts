import type { Answer } from "./json.ts";

/** One block of a server-sent event stream. A block of comments only has `comment` and no `data`. */
export interface SseBlock {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
  readonly comment?: string;
  /** Its size on the wire, the line feeds behind it included. */
  readonly bytes: number;
}

/** Reads a stream block by block as they arrive. Leaving the loop cancels the stream. */
export async function* readSse(
  body: ReadableStream<Uint8Array>,
  options?: SseOptions,
): AsyncGenerator<SseBlock, void, undefined> {
  const parser = createSseParser(options);
  for await (const chunk of body) yield* parser.push(chunk);
  if (parser.rest() !== "") throw new Error(`the stream ended inside a block: ${parser.rest().slice(0, 200)}`);
}

export interface SseOptions {
  /** Accepts empty lines between two blocks: version 0.1.0 wrote one after a comment. */
  readonly emptyLines?: boolean;
}

/** Cuts chunks into the blocks that they complete. Accepts LF only: it is what we write. */
export function createSseParser({ emptyLines = false }: SseOptions = {}): {
  push(chunk: Uint8Array): SseBlock[];
  rest(): string;
} {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let buffer = "";
  return {
    push(chunk) {
      buffer += decoder.decode(chunk, { stream: true });
      const blocks: SseBlock[] = [];
      for (;;) {
        if (emptyLines) buffer = buffer.replace(/^\n+/, "");
        // A comment between two events is a line alone.
        const end = buffer.startsWith(":") ? "\n" : "\n\n";
        const at = buffer.indexOf(end);
        if (at === -1) return blocks;
        blocks.push(parseBlock(buffer.slice(0, at), end.length));
        buffer = buffer.slice(at + end.length);
      }
    },
    rest: () => buffer,
  };
}

function parseBlock(text: string, end: number): SseBlock {
  const fields = new Map<string, string>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon === -1) throw new Error(`not a line of an event stream: ${JSON.stringify(line.slice(0, 200))}`);
    const name = colon === 0 ? "comment" : line.slice(0, colon);
    const value = line.slice(colon + 1).replace(/^ /, "");
    const earlier = fields.get(name);
    fields.set(name, earlier === undefined ? value : `${earlier}\n${value}`);
  }
  return { ...Object.fromEntries(fields), bytes: Buffer.byteLength(text) + end };
}

/** What a JSON-RPC call is answered with: a body of JSON, or the one event of a refused stream (decision 0013). */
export async function readRpcAnswer(response: Response): Promise<Answer> {
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
    return response.json();
  }
  const text = await response.text();
  const [, data] = /^event: error\ndata: (.*)\n\n$/.exec(text) ?? [];
  if (data === undefined) throw new Error(`not one error event: ${text.slice(0, 500)}`);
  return JSON.parse(data);
}

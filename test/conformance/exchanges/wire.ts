import { request as open } from "node:http";
import type { Answer } from "../json.ts";
import type { Host } from "../target.ts";

/** A request as it is on the wire: no header is added but Host, and the length of a body. */
export interface WireRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** Below the agent's URL; empty is the URL itself. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

export interface WireAnswer {
  readonly status: number;
  /** Content-Type. */
  readonly type: string;
  readonly text: string;
}

/** Sends the request and reads its answer to the end, or of a stream the `first` event. */
export async function exchange(host: Host, agent: string, wire: WireRequest, first = false): Promise<WireAnswer> {
  const { method, path, headers, body } = wire;
  const url = `${host.url}/agents/${agent}${path}`;
  const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const request = open(url, { method, headers: { ...headers, ...length } }, (response) => {
      const { statusCode = 0, headers: answered } = response;
      let text = "";
      const end = (): void => resolve({ status: statusCode, type: answered["content-type"] ?? "", text });
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
        if (first && /^data:.*\n\n/m.test(text)) {
          end();
          request.destroy();
        }
      });
      response.on("error", reject);
      response.on("end", end);
    });
    request.on("error", reject);
    request.end(body);
  });
}

export function parse(text: string): Answer {
  return JSON.parse(text);
}

/** The `data` of each event, as every SDK's reader joins it. */
export function readData({ type, text }: WireAnswer): Answer[] {
  if (!type.startsWith("text/event-stream")) throw new Error(`not a stream but ${type}: ${text.slice(0, 500)}`);
  return text.split("\n\n").flatMap((block) => {
    const lines = block.split("\n").flatMap((line) => (line.startsWith("data:") ? [line.slice(5).trimStart()] : []));
    return lines.length === 0 ? [] : [parse(lines.join("\n"))];
  });
}

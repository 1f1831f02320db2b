import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Notification {
  readonly path: string;
  /** Time of arrival by `performance.now()`, in ms. */
  readonly at: number;
  readonly headers: IncomingHttpHeaders;
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

/** A webhook on a local port. */
export interface WebhookReceiver {
  /** Without a trailing slash. */
  readonly url: string;
  readonly notifications: readonly Notification[];
  /** Sets the function that answers the next requests. Without an argument they are answered with 204. */
  answerWith(answer?: (response: ServerResponse, notification: Notification) => void): void;
  close(): Promise<void>;
}

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const notifications: Notification[] = [];
  const accept = (response: ServerResponse): void => void response.writeHead(204).end();
  let answer: (response: ServerResponse, notification: Notification) => void = accept;
  const server = createServer((request, response) => {
    const at = performance.now();
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
      const notification = { path: request.url ?? "", at, headers: request.headers, body };
      notifications.push(notification);
      answer(response, notification);
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    notifications,
    answerWith(given = accept) {
      answer = given;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

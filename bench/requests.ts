import { load } from "./load.ts";

/** The measured requests as HTTP/1.1 text. All servers get the same JSON-RPC requests. */

/** A message with a new id for each request. */
export function sendMessage(url: string, method: "SendMessage" | "SendStreamingMessage"): (number: number) => string {
  // All ids have the same length, so that the head with its content-length does not change.
  const whole = toCall(url, method, { message: { messageId: ID, role: "ROLE_USER", parts: [{ text: "hello" }] } });
  const [before = "", after = ""] = whole.split(ID);
  return (number) => before + String(number).padStart(ID.length, "0") + after;
}

const ID = "message-id";

/** Gets many tasks in turn, so that no two consecutive answers are the same. */
export function getTask(url: string, ids: readonly string[]): (number: number) => string {
  const calls = ids.map((id) => toCall(url, "GetTask", { id }));
  return (number) => calls[number % calls.length] ?? "";
}

/** Without the history of tasks, because only one of the servers includes it by default. */
export function listTasks(url: string, pageSize: number): () => string {
  const request = toCall(url, "ListTasks", toPage(pageSize));
  return () => request;
}

export function toPage(pageSize: number): { pageSize: number; historyLength: number } {
  return { pageSize, historyLength: 0 };
}

export function getCard(url: string): () => string {
  return () => `GET /.well-known/agent-card.json HTTP/1.1\r\nhost: ${new URL(url).host}\r\nA2A-Version: 1.0\r\n\r\n`;
}

/** Creates completed tasks by sending messages. */
export async function makeTasks(url: string, answers: number): Promise<void> {
  const request = sendMessage(url, "SendMessage");
  await load({ url, connections: 32, request, expected: "TASK_STATE_COMPLETED", until: { answers } });
}

/** The `result` of one call. @throws Error with the answer when there is none */
export async function call(url: string, method: string, params: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", "A2A-Version": "1.0" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    signal: AbortSignal.timeout(ANSWER),
  });
  const text = await response.text();
  const { result } = JSON.parse(text) as { result?: Record<string, unknown> };
  if (!result) throw new Error(`${method} of ${url}: ${text}`);
  return result;
}

/** How long one answer may take, in ms. */
const ANSWER = 10_000;

function toCall(url: string, method: string, params: unknown): string {
  const { host, pathname } = new URL(url);
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  return (
    `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\nA2A-Version: 1.0\r\ncontent-type: application/json\r\n` +
    `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}

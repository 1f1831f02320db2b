import { load } from "./load.ts";

/** The requests that are measured, as HTTP/1.1 text. Both servers get the same ones, by JSON-RPC. */

/** A message with an id of its own each time. */
export function sendMessage(url: string, method: "SendMessage" | "SendStreamingMessage"): (number: number) => string {
  // Ids of one length: the head with its content-length stays the same.
  const whole = toCall(url, method, { message: { messageId: ID, role: "ROLE_USER", parts: [{ text: "hello" }] } });
  const [before = "", after = ""] = whole.split(ID);
  return (number) => before + String(number).padStart(ID.length, "0") + after;
}

const ID = "message-id";

/** The same tasks again and again, so many that no answer is the last one's. */
export function getTask(url: string, ids: readonly string[]): (number: number) => string {
  const calls = ids.map((id) => toCall(url, "GetTask", { id }));
  return (number) => calls[number % calls.length] ?? "";
}

/** Without the history of its tasks, which one server shows unless told otherwise and the other does not. */
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

/** Completed tasks, sent as any client would. */
export async function makeTasks(url: string, answers: number): Promise<void> {
  const request = sendMessage(url, "SendMessage");
  await load({ url, connections: 32, request, expected: "TASK_STATE_COMPLETED", until: { answers } });
}

/** One call's `result`. @throws Error with the answer when it is none. */
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

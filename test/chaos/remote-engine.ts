import {
  ListTasksRequest,
  ListTasksResponse,
  SendMessageRequest,
  StreamResponse,
  Task,
  TaskPushNotificationConfig,
} from "@a2a-js/sdk";
import { setTimeout as wait } from "node:timers/promises";
import type { PushConfigs } from "../../src/push/push-configs.ts";
import type { Call, LoggedResponse, TaskEngine, TaskEvents } from "../../src/tasks/task-engine.ts";
import { TaskError } from "../../src/tasks/task-fault.ts";
import { readSse } from "../conformance/sse.ts";
import { STRANGER } from "../simulation/sim-client.ts";

const EXTENSION = "urn:a2a-azure-gateway:durable:v1";
/** No answer of a correct host takes this long, in ms: what a stopped one owes comes when it goes on. */
const HUNG = 90_000;

interface RpcAnswer {
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

/** How long it takes until the end of a process is known, whose connections have broken, in ms. */
const END_IS_KNOWN = 1_000;

/** The engine of a host somewhere else, over A2A 1.0 JSON-RPC, so that the simulation's clients can use it. */
export function createRemoteEngine(url: string): TaskEngine {
  return {
    async send(call, request) {
      const { task } = (await ask(url, call, "SendMessage", SendMessageRequest.toJSON(request))) as { task: unknown };
      return { task: Task.fromJSON(task) };
    },
    stream: (call, request) => open(call, "SendStreamingMessage", SendMessageRequest.toJSON(request)),
    get: async (call, request) => ({ task: Task.fromJSON(await ask(url, call, "GetTask", request)) }),
    async list(call, request) {
      const answer = await ask(url, call, "ListTasks", ListTasksRequest.toJSON(request));
      const { tasks, ...page } = ListTasksResponse.fromJSON(answer);
      return { ...page, tasks: tasks.map((task) => ({ task })) };
    },
    cancel: async (call, request) => ({ task: Task.fromJSON(await ask(url, call, "CancelTask", request)) }),
    subscribe: (call, request) => open(call, "SubscribeToTask", request),
  };

  async function open(call: Call, method: string, params: unknown): Promise<TaskEvents> {
    const left = new AbortController();
    const signal = AbortSignal.any([call.signal, left.signal]);
    const response = await post(url, { ...call, signal }, method, params);
    if (!response.headers.get("content-type")?.startsWith("text/event-stream") || !response.body) {
      const { error } = await readAnswer(method, response);
      throw error ? toError(response.status, error) : new Error(`${method}: not a stream`);
    }
    const events = readEvents(response.body);
    return {
      next: () => events.next().catch(afterEnd),
      async return() {
        // What is being waited for ends with the connection.
        left.abort();
        return { done: true, value: undefined };
      },
    };
  }
}

async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<LoggedResponse, undefined, undefined> {
  for await (const { id, data } of readSse(body, { emptyLines: true })) {
    if (data !== undefined) {
      const { result, error } = JSON.parse(data) as RpcAnswer;
      if (error) {
        throw toError(200, error);
      }
      yield { generation: Number(id ?? 0), response: StreamResponse.fromJSON(result) };
    }
  }
}

/** Push notification configs of such a host. */
export function createRemotePushConfigs(url: string): Pick<PushConfigs, "create" | "delete"> {
  return {
    create: async (call, config) =>
      TaskPushNotificationConfig.fromJSON(
        await ask(url, call, "CreateTaskPushNotificationConfig", TaskPushNotificationConfig.toJSON(config)),
      ),
    async delete(call, request) {
      await ask(url, call, "DeleteTaskPushNotificationConfig", request);
    },
  };
}

async function ask(url: string, call: Call, method: string, params: unknown): Promise<unknown> {
  const response = await post(url, call, method, params);
  const { result, error } = await readAnswer(method, response);
  if (error) {
    throw toError(response.status, error);
  }
  return result;
}

function post(
  url: string,
  { agent, caller, signal, lastEventId, idempotencyKey }: Call,
  method: string,
  params: unknown,
): Promise<Response> {
  const headers: Record<string, string> = { "content-type": "application/json", "a2a-version": "1.0" };
  if (lastEventId !== undefined) {
    headers["a2a-extensions"] = EXTENSION;
    headers["last-event-id"] = String(lastEventId);
  }
  if (idempotencyKey !== undefined) {
    headers["idempotency-key"] = idempotencyKey;
  }
  // Without authentication a tenant is what makes another caller.
  const tenant = caller.scope === STRANGER ? "/stranger" : "";
  return fetch(`${url}/agents/${agent.id}${tenant}`, {
    method: "POST",
    headers,
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(HUNG)]),
  }).catch(afterEnd);
}

/** A connection that broke: the caller asks next whether its host is dead. */
async function afterEnd(error: unknown): Promise<never> {
  if (error instanceof TypeError) {
    await wait(END_IS_KNOWN);
  }
  throw error;
}

async function readAnswer(method: string, response: Response): Promise<RpcAnswer> {
  const text = await response.text().catch(afterEnd);
  try {
    return JSON.parse(text) as RpcAnswer;
  } catch {
    throw new Error(`${method}: HTTP ${response.status} with ${JSON.stringify(text.slice(0, 200))} is no answer`);
  }
}

function toError(status: number, { code, message }: { readonly code: number; readonly message: string }): Error {
  switch (status === 200 ? code : status) {
    case 429:
      return new TaskError({ code: "busy", message, retryAfter: 1 });
    case 503:
      return new TaskError({ code: "unavailable", message, retryAfter: 1 });
    case -32001:
      return new TaskError({ code: "not-found", taskId: message });
    case -32002:
      return new TaskError({ code: "not-cancelable", taskId: message, state: "" });
    case -32004:
      return new TaskError({ code: "unsupported", message });
    default:
      return new Error(`HTTP ${status}, code ${code}: ${message}`);
  }
}

import { StreamResponse, Task } from "@a2a-js/sdk";
import type { ListTasksRequest, ListTasksResponse, Message, SendMessageRequest } from "@a2a-js/sdk";
import type { Call, LoggedResponse, TaskAnswer, TaskEngine, TaskEvents } from "../../src/tasks/task-engine.ts";

/** A stream for tests: an error that refuses it is thrown by the first `next`. */
export type EventStream = AsyncGenerator<LoggedResponse, void, undefined>;

/** An engine for tests: it returns tasks without their JSON text, and streams synchronously. */
export interface PlainEngine {
  send(call: Call, request: SendMessageRequest): Promise<Task | Message>;
  stream(call: Call, request: SendMessageRequest): EventStream;
  get(call: Call, request: { readonly id: string; readonly historyLength?: number | undefined }): Promise<Task>;
  list(call: Call, request: ListTasksRequest): Promise<ListTasksResponse>;
  cancel(call: Call, request: { readonly id: string }): Promise<Task>;
  subscribe(call: Call, request: { readonly id: string }): EventStream;
}

/** Keeps all other members of the engine. */
export type Plain<T extends TaskEngine> = PlainEngine & Omit<T, keyof TaskEngine>;

/** Checks that a task and its JSON text are equal, whenever both are present. */
export function createPlainEngine<T extends TaskEngine>(engine: T): Plain<T> {
  const plain: PlainEngine = {
    async send(call, request) {
      const answer = await engine.send(call, request);
      return "message" in answer ? answer.message : toTask(answer);
    },
    stream: (call, request) => new Opening(call, () => engine.stream(call, request)),
    get: async (call, request) => toTask(await engine.get(call, request)),
    async list(call, request) {
      const { tasks, ...page } = await engine.list(call, request);
      return { ...page, tasks: tasks.map(toTask) };
    },
    cancel: async (call, request) => toTask(await engine.cancel(call, request)),
    subscribe: (call, request) => new Opening(call, () => engine.subscribe(call, request)),
  };
  // Copies property descriptors, so that getters of the engine stay getters.
  return Object.assign(Object.create(engine) as Omit<T, keyof TaskEngine>, plain);
}

function toTask({ task, json }: TaskAnswer): Task {
  if (json !== undefined && json !== JSON.stringify(Task.toJSON(task))) {
    throw new Error(`the JSON text of task ${task.id} differs from the task: ${json.slice(0, 2_000)}`);
  }
  return task;
}

function withoutText({ generation, response, json }: LoggedResponse): LoggedResponse {
  if (json !== undefined && json !== JSON.stringify(StreamResponse.toJSON(response))) {
    throw new Error(`the JSON text of event ${generation} differs from the event: ${json.slice(0, 2_000)}`);
  }
  return { generation, response };
}

/** Returns the events when the call's client disconnects, like the edge. */
class Opening implements EventStream {
  readonly #call: Call;
  readonly #open: () => Promise<TaskEvents>;
  #events: Promise<TaskEvents> | undefined;
  #hasLeft = false;

  constructor(call: Call, open: () => Promise<TaskEvents>) {
    this.#call = call;
    this.#open = open;
  }

  async next(): Promise<IteratorResult<LoggedResponse, void>> {
    if (this.#hasLeft) {
      return { done: true, value: undefined };
    }
    this.#events ??= this.#begin();
    const next = await (await this.#events).next();
    return next.done ? next : { done: false, value: withoutText(next.value) };
  }

  async return(): Promise<IteratorReturnResult<void>> {
    this.#hasLeft = true;
    const events = await this.#events?.catch(() => undefined);
    await events?.return();
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<never> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #begin(): Promise<TaskEvents> {
    const events = await this.#open();
    const { signal } = this.#call;
    if (signal.aborted) {
      await events.return();
    }
    signal.addEventListener("abort", () => void events.return());
    return events;
  }
}

/** The reverse: an engine whose streams tests write as generators. A stream's signal aborts when its reader returns. */
export function fromPlainEngine(plain: PlainEngine): TaskEngine {
  return {
    async send(call, request) {
      const answer = await plain.send(call, request);
      return "messageId" in answer ? { message: answer } : { task: answer };
    },
    stream: (call, request) => accept(call, (own) => plain.stream(own, request)),
    get: async (call, request) => ({ task: await plain.get(call, request) }),
    async list(call, request) {
      const { tasks, ...page } = await plain.list(call, request);
      return { ...page, tasks: tasks.map((task) => ({ task })) };
    },
    cancel: async (call, request) => ({ task: await plain.cancel(call, request) }),
    subscribe: (call, request) => accept(call, (own) => plain.subscribe(own, request)),
  };
}

/** A stream that is accepted when its first event is available. */
async function accept(call: Call, open: (call: Call) => EventStream): Promise<TaskEvents> {
  const left = new AbortController();
  const stream = open({ ...call, signal: AbortSignal.any([call.signal, left.signal]), waitUntil: call.waitUntil });
  let first: IteratorResult<LoggedResponse, void> | undefined = await stream.next();
  return {
    async next() {
      const next = first ?? (await stream.next());
      first = undefined;
      return next.done ? { done: true, value: undefined } : next;
    },
    async return() {
      left.abort();
      await stream.return();
      return { done: true, value: undefined };
    },
  };
}

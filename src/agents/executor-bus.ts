import type { AgentExecutionEvent, ExecutionEventBus, ExecutionEventName } from "@a2a-js/sdk/server";

/** Listeners for the end are called without an event. */
type Listener = (event: AgentExecutionEvent) => void;

/** The bus to which an executor publishes: events go to `handle` and to other listeners, in order. */
export function createExecutorBus(handle: (event: AgentExecutionEvent) => void): ExecutionEventBus {
  return new ExecutorBus(handle);
}

/** The SDK's own bus makes a DOM event of everything that is published, which costs more than handling it. */
class ExecutorBus implements ExecutionEventBus {
  readonly #handle: (event: AgentExecutionEvent) => void;
  #listeners: { readonly name: ExecutionEventName; readonly listener: Listener; readonly isOnce: boolean }[] = [];

  constructor(handle: (event: AgentExecutionEvent) => void) {
    this.#handle = handle;
  }

  publish(event: AgentExecutionEvent): void {
    this.#handle(event);
    for (const listener of this.#take("event")) {
      listener(event);
    }
  }

  finished(): void {
    for (const listener of this.#take("finished")) {
      (listener as () => void)();
    }
  }

  on(name: ExecutionEventName, listener: Listener): this {
    this.#listeners.push({ name, listener, isOnce: false });
    return this;
  }

  once(name: ExecutionEventName, listener: Listener): this {
    this.#listeners.push({ name, listener, isOnce: true });
    return this;
  }

  off(name: ExecutionEventName, listener: Listener): this {
    this.#listeners = this.#listeners.filter((one) => one.name !== name || one.listener !== listener);
    return this;
  }

  removeAllListeners(name?: ExecutionEventName): this {
    this.#listeners = name === undefined ? [] : this.#listeners.filter((one) => one.name !== name);
    return this;
  }

  /** Those to be called now, without the ones that are called once from here on. */
  #take(name: ExecutionEventName): readonly Listener[] {
    if (this.#listeners.length === 0) {
      return [];
    }
    const due = this.#listeners.filter((one) => one.name === name);
    this.#listeners = this.#listeners.filter((one) => one.name !== name || !one.isOnce);
    return due.map(({ listener }) => listener);
  }
}

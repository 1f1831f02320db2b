import type { Message, SendMessageRequest, Task } from "@a2a-js/sdk";
import { ServerCallContext } from "@a2a-js/sdk/server";
import type { AgentExecutor, RequestContext } from "@a2a-js/sdk/server";
import type { Agent, Turn } from "../ports/agent.ts";
import { defineAgent } from "./define-agent.ts";
import type { AgentDefinition } from "./define-agent.ts";
import { createExecutorBus } from "./executor-bus.ts";
import { createExecutorEvents } from "./executor-events.ts";

/** As for `defineAgent`, without `run`. By default a crash ends the task as FAILED, because an executor cannot resume. */
export type ExecutorDefinition = Omit<AgentDefinition, "run">;

/**
 * Serves an unchanged `AgentExecutor` of `@a2a-js/sdk` as a durable agent: what it publishes is stored, and clients can
 * replay it.
 *
 * After a crash its task ends as FAILED, unless `onCrash: "resume"` is set: then `execute` runs again from the beginning. When
 * the turn is stopped `cancelTask` is called. `publish` cannot wait for the store: what is published faster than it can be
 * stored waits in memory, and a task with more than 64 MiB waiting fails.
 * @throws TypeError if the id, the version or the card is invalid
 *
 * @example
 * export const legacy = fromExecutor(new MyExecutor(), { id: "legacy", version: "1.0.0", card });
 */
export function fromExecutor(executor: AgentExecutor, definition: ExecutorDefinition): Agent {
  return defineAgent({
    onCrash: "fail",
    replies: "either",
    ...definition,
    async run(turn) {
      const events = createExecutorEvents(turn);
      const bus = createExecutorBus(events.handle);
      turn.signal.addEventListener("abort", () => {
        executor.cancelTask(turn.taskId, bus).catch(() => {});
      });
      await executor.execute(new ExecutorContext(turn), bus);
      await events.settled();
      bus.removeAllListeners();
    },
  });
}

/** What an executor is given. Its message is its own: an executor may change it, and the log must not see that. */
class ExecutorContext implements RequestContext {
  readonly request: SendMessageRequest;
  readonly taskId: string;
  readonly contextId: string;
  readonly context: ServerCallContext;
  readonly task?: Task;
  readonly referenceTasks: Task[];

  constructor(turn: Turn) {
    const { tenant, subject } = turn.caller;
    this.request = { tenant, message: copyOf(turn.message), configuration: undefined, metadata: undefined };
    this.taskId = turn.taskId;
    this.contextId = turn.contextId;
    this.context = new ServerCallContext({
      ...(tenant !== "" && { tenant }),
      user: { isAuthenticated: subject !== "", userName: subject },
      requestedVersion: "1.0",
    });
    // A follow-up: the task is what it continues.
    if (turn.history.length > 0) {
      this.task = turn.task;
    }
    this.referenceTasks = [...turn.references];
  }

  get userMessage(): Message {
    return this.request.message as Message;
  }
}

/** A structured clone costs as much as the rest of a short call, so only what may be nested is cloned. */
function copyOf(message: Message): Message {
  const { parts, metadata, extensions, referenceTaskIds } = message;
  return {
    ...message,
    parts: parts.map((part) => ({
      ...part,
      content:
        part.content?.$case === "text" || part.content?.$case === "url" ? { ...part.content } : cloneOf(part.content),
      metadata: cloneOf(part.metadata),
    })),
    metadata: cloneOf(metadata),
    extensions: [...extensions],
    referenceTaskIds: [...referenceTaskIds],
  };
}

function cloneOf<T>(value: T): T {
  return value === undefined ? value : structuredClone(value);
}

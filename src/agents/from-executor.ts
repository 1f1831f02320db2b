import type { SendMessageRequest, Task } from "@a2a-js/sdk";
import { DefaultExecutionEventBus, RequestContext, ServerCallContext } from "@a2a-js/sdk/server";
import type { AgentExecutor } from "@a2a-js/sdk/server";
import type { Agent, Turn } from "../ports/agent.ts";
import { defineAgent } from "./define-agent.ts";
import type { AgentDefinition } from "./define-agent.ts";
import { createExecutorEvents } from "./executor-events.ts";

/** As for `defineAgent`, without `run`. By default a crash ends the task as FAILED, because an executor cannot resume. */
export type ExecutorDefinition = Omit<AgentDefinition, "run">;

/**
 * Serves an unchanged `AgentExecutor` of `@a2a-js/sdk` as a durable agent: what it publishes is stored, and clients can
 * replay it.
 *
 * After a crash its task ends as FAILED, unless `onCrash: "resume"` is set: then `execute` runs again from the beginning. When
 * the turn is stopped `cancelTask` is called. `publish` cannot wait for the store: an executor with more than 8 MiB that are
 * not yet stored fails.
 * @throws TypeError if the id, the version or the card is invalid
 *
 * @example
 * export const legacy = fromExecutor(new MyExecutor(), { id: "legacy", version: "1.0.0", card });
 */
export function fromExecutor(executor: AgentExecutor, definition: ExecutorDefinition): Agent {
  return defineAgent({
    onCrash: "fail",
    ...definition,
    async run(turn) {
      const bus = new DefaultExecutionEventBus();
      const events = createExecutorEvents(turn);
      bus.on("event", events.handle);
      turn.signal.addEventListener("abort", () => {
        executor.cancelTask(turn.taskId, bus).catch(() => {});
      });
      await executor.execute(toRequestContext(turn), bus);
      await events.settled();
      bus.removeAllListeners();
    },
  });
}

function toRequestContext(turn: Turn): RequestContext {
  const request: SendMessageRequest = {
    tenant: turn.caller.tenant,
    message: turn.message,
    configuration: undefined,
    metadata: undefined,
  };
  const context = new ServerCallContext({
    ...(turn.caller.tenant !== "" && { tenant: turn.caller.tenant }),
    user: { isAuthenticated: turn.caller.subject !== "", userName: turn.caller.subject },
    requestedVersion: "1.0",
  });
  const isFollowUp = turn.history.length > 0;
  const task: Task | undefined = isFollowUp ? turn.task : undefined;
  return new RequestContext(request, turn.taskId, turn.contextId, context, task, [...turn.references]);
}

import type { Message, StreamResponse } from "@a2a-js/sdk";
import { AgentFailure } from "../../ports/agent.ts";
import { delay } from "../../ports/clock.ts";
import type { EngineParts } from "../engine-parts.ts";
import type { Call } from "../task-engine.ts";
import { TaskError } from "../task-fault.ts";
import type { HeldTurns } from "../turn/held-turns.ts";
import { NOTHING_EARLIER } from "../turn/steps.ts";
import { AbortedError, createTurn } from "../turn/turn.ts";

/**
 * Runs an agent that answers with a Message (specification 3.1.1). There is no task and nothing is stored: after a
 * crash the call has failed and the client sends it again.
 * @throws TaskError `invalid-agent-response` when the agent gives no answer; `unavailable` after its timeout;
 * `not-found` when the message names a task
 */
export async function runMessageAgent(
  parts: EngineParts,
  turns: HeldTurns,
  call: Call,
  message: Message,
): Promise<Message> {
  let answer: Message | undefined;
  const done = turns.track(async (cut) => {
    answer = await runAgent(parts, call, message, cut);
  });
  call.waitUntil?.(done.catch(() => {}));
  await done;
  return answer as Message;
}

async function runAgent(
  parts: EngineParts,
  { agent, caller, signal }: Call,
  message: Message,
  cut: AbortSignal,
): Promise<Message> {
  if (message.taskId !== "") {
    throw new TaskError({ code: "not-found", taskId: message.taskId });
  }
  const contextId = message.contextId || parts.random.id();
  const abort = new AbortController();
  const stop = (code: "canceled" | "timeout" | "handover"): void => abort.abort(new AbortedError(code));
  const leave = (): void => stop("canceled");
  const shutDown = (): void => stop("handover");
  signal.addEventListener("abort", leave);
  cut.addEventListener("abort", shutDown);
  const timeout = agent.timeout === undefined ? parts.settings.turnTimeout : agent.timeout * 1_000;
  const cancelTimeout = parts.clock.after(timeout, () => stop("timeout"));
  const replied = Promise.withResolvers<Message>();
  const input = {
    taskId: "",
    contextId,
    message: { ...message, contextId },
    history: [],
    references: [],
    caller,
    attempt: 1,
    saved: undefined,
    earlier: NOTHING_EARLIER,
  };
  const turn = createTurn(input, {
    maxEventBytes: parts.settings.maxEventBytes,
    signal: () => abort.signal,
    task: () => refuse("read turn.task"),
    newId: () => parts.random.id(),
    emit: () => Promise.resolve(),
    finish: answer,
    reply: answer,
    openArtifact: () => refuse("called artifact()"),
    step: (_name, run) => run(parts.random.id()),
    checkpoint: () => refuse("called checkpoint()"),
  });
  try {
    const run = agent.run(turn).then(() => refuse("returned without a reply"));
    return await Promise.race([replied.promise, run, aborted(parts, abort.signal)]);
  } catch (error) {
    parts.logger.error("turn.failed", { agent: agent.id, error: error instanceof Error ? error.stack : String(error) });
    if (error instanceof TaskError) {
      throw error;
    }
    const reason = error instanceof AgentFailure ? `: ${error.message}` : ".";
    throw new TaskError({ code: "invalid-agent-response", message: `Agent ${agent.id} failed${reason}` });
  } finally {
    cancelTimeout();
    signal.removeEventListener("abort", leave);
  }

  async function answer(response: StreamResponse): Promise<void> {
    const status = response.payload?.$case === "statusUpdate" ? response.payload.value.status : undefined;
    if (!status?.message) {
      refuse("ended its turn without a message");
    }
    replied.resolve(status.message);
  }

  function refuse(what: string): never {
    throw new TaskError({
      code: "invalid-agent-response",
      message: `Agent ${agent.id} replies with Messages and has no tasks, but it ${what}.`,
    });
  }
}

async function aborted(parts: EngineParts, signal: AbortSignal): Promise<never> {
  await new Promise((resolve) => {
    signal.addEventListener("abort", resolve, { once: true });
  });
  await delay(parts.clock, 0);
  throw new TaskError({
    code: "unavailable",
    message: "The agent did not answer in time. Retry later.",
    retryAfter: 1,
  });
}

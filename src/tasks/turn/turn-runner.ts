import { TaskState } from "@a2a-js/sdk";
import type { Message, StreamResponse, Task } from "@a2a-js/sdk";
import { AgentFailure } from "../../ports/agent.ts";
import type { AbortCode, Agent, Content, Json } from "../../ports/agent.ts";
import { StoreError } from "../../ports/store-error.ts";
import type { EngineParts } from "../engine-parts.ts";
import { createResumedAttempt } from "./resumed-attempt.ts";
import { agentMessage, statusUpdate, textPart } from "../log/status-update.ts";
import { toParts } from "./content.ts";
import { toSizeRefusal } from "./event-limit.ts";
import { toCheckpointRow, toStepRow } from "./steps.ts";
import { ContentLost, LostError } from "./task-writer.ts";
import type { TaskWriter } from "./task-writer.ts";
import { AbortedError, createTurn, TurnEnded } from "./turn.ts";
import type { TurnInput } from "./turn.ts";
import { stopGrace } from "../log/lease.ts";

export interface TurnRun {
  /** Aborts the agent's signal with this code. Only the first call has an effect. */
  stop(code: AbortCode): void;
  /** Resolves when this instance will write nothing more for the turn. Never rejects. */
  readonly done: Promise<void>;
  /** The Message that answers the call instead of a task; set before `done` resolves. */
  readonly reply: Message | undefined;
}

/** Bytes that an agent may have uncommitted when it does not await its calls. */
const MAX_PENDING_BYTES = 8 * 1024 * 1024;
/** Events that one step may emit: they are committed in one transaction with its result. */
const MAX_STEP_EVENTS = 90;
/** How long a turn that is handed over waits for the store to take what was emitted, in ms. */
const LAST_CONTENT = 1_000;

/**
 * Runs an agent for one message and commits exactly one event that ends the turn, whatever the agent does: it may
 * throw, return without finishing, hang, ignore its signal, or emit events after the end
 * (docs/architecture.md#a-turn-always-ends). Without such an event the turn was lost or handed over.
 */
export function runTurn(parts: EngineParts, agent: Agent, input: TurnInput, writer: TaskWriter): TurnRun {
  const { taskId, contextId } = input;
  let abort: AbortController | undefined;
  let stopped: AbortCode | undefined;
  let finishing: Promise<void> | undefined;
  const resumed = createResumedAttempt(input.earlier);
  /** Number of running steps, and the events emitted meanwhile: they are committed with a step's result (I13). */
  let steps = 0;
  const held: StreamResponse[] = [];
  /** How the agent's `run` settled; undefined when the turn ends without waiting for it. */
  const left = Promise.withResolvers<Settled | undefined>();
  const timeout = agent.timeout === undefined ? parts.settings.turnTimeout : agent.timeout * 1_000;
  const cancelTimeout = parts.clock.after(timeout, () => stop("timeout"));

  const result: { -readonly [name in keyof TurnRun]: TurnRun[name] } = { stop, done: DONE, reply: undefined };
  result.done = run();
  return result;

  async function run(): Promise<void> {
    const turn = createTurn(input, {
      maxEventBytes: parts.settings.maxEventBytes,
      signal,
      task: () => writer.task ?? firstTask(input),
      newId: () => parts.random.id(),
      emit: (response) => (resumed.isCatchingUp && !isInStep() ? Promise.resolve() : emit(response)),
      finish,
      reply,
      openArtifact(artifactId) {
        const decide = resumed.openArtifact(artifactId);
        return (content) => decide(content, isInStep());
      },
      step,
      checkpoint,
    });
    try {
      agent.run(turn).then(
        () => left.resolve(RETURNED),
        (thrown: unknown) => left.resolve({ thrown }),
      );
    } catch (thrown) {
      left.resolve({ thrown });
    }
    await conclude(await left.promise);
    cancelTimeout();
  }

  function stop(code: AbortCode): void {
    if (stopped === undefined) {
      stopped = code;
      abort?.abort(new AbortedError(code));
      parts.clock.after(code === "fenced" ? 0 : stopGrace(parts.settings.lease), () => left.resolve(undefined));
    }
  }

  /** Created when an agent first reads it: most turns never do. */
  function signal(): AbortSignal {
    abort ??= new AbortController();
    if (stopped !== undefined && !abort.signal.aborted) {
      abort.abort(new AbortedError(stopped));
    }
    return abort.signal;
  }

  /** Commits the end of the turn, which depends on how the agent's `run` settled and on why it was stopped. */
  async function conclude(outcome: Settled | undefined): Promise<void> {
    try {
      if (stopped === "fenced") {
        return;
      }
      if (stopped !== undefined) {
        // Content that the store does not accept may be waited for only while the agent runs.
        writer.giveUpContent(stopped === "handover" ? LAST_CONTENT : 0);
      }
      if (finishing && (await hasFinished(finishing))) {
        return;
      }
      finishing = undefined;
      switch (stopped) {
        case "handover":
          await writer.release();
          return;
        case "canceled":
          await finish(statusUpdate(taskId, contextId, TaskState.TASK_STATE_CANCELED, undefined), true);
          return;
        case "timeout":
          await fail(`The agent did not finish within ${Math.round(timeout / 1_000)} seconds.`);
          return;
        default:
      }
      if (outcome && "thrown" in outcome && !(outcome.thrown instanceof TurnEnded)) {
        if (outcome.thrown instanceof AgentFailure) {
          await fail(outcome.thrown.content);
          return;
        }
        if (outcome.thrown instanceof StoreError) {
          // Always `rejected`: other faults of a store are waited for.
          await fail("The task store does not accept what the agent emitted: it is too large.");
          return;
        }
        const reference = parts.random.id();
        parts.logger.error("turn.failed", { taskId, agent: agent.id, reference, error: describe(outcome.thrown) });
        await fail(`The agent stopped with an error. Reference: ${reference}.`);
        return;
      }
      await finish(statusUpdate(taskId, contextId, TaskState.TASK_STATE_COMPLETED, undefined));
    } catch (error) {
      parts.logger.warn("turn.end-failed", { taskId, agent: agent.id, error: describe(error) });
      // If the turn cannot be failed either, hand it over, so that another instance can try.
      await failInstead(error).catch(() => writer.release());
    }
  }

  /** Resolves to whether the last event, or FAILED instead, is in the log; false if its content was given up. */
  async function hasFinished(last: Promise<void>): Promise<boolean> {
    try {
      await last;
    } catch (error) {
      if (error instanceof ContentLost && stopped !== undefined) {
        return false;
      }
      await failInstead(error);
    }
    return true;
  }

  function emit(response: StreamResponse): Promise<void> {
    if (finishing || stopped !== undefined) {
      return Promise.reject(stopped === undefined ? new TurnEnded() : new AbortedError(stopped));
    }
    const generation = (writer.head?.generation ?? 1) + writer.pendingEvents + held.length;
    if (generation >= parts.settings.maxEventsPerTask - 1) {
      return giveUp(`The agent emitted more than ${parts.settings.maxEventsPerTask} events.`);
    }
    if (writer.pendingBytes > MAX_PENDING_BYTES) {
      return giveUp("The agent emitted faster than its task could be stored. Await each call before the next.");
    }
    if (!isInStep()) {
      return writer.emit(response);
    }
    if (held.length >= MAX_STEP_EVENTS) {
      const cause = "because they are stored in one transaction with its result";
      return Promise.reject(new TypeError(`a step may emit at most ${MAX_STEP_EVENTS} events, ${cause}`));
    }
    held.push(response);
    return Promise.resolve();
  }

  async function giveUp(text: string): Promise<never> {
    await fail(text);
    throw new TurnEnded();
  }

  async function step(name: string, work: (idempotencyKey: string) => Promise<Json>): Promise<Json> {
    const stored = resumed.takeStep(name);
    if (stored) {
      return stored.value;
    }
    // Without this check a paused process could run a step that another holder has already completed.
    if (!writer.isHeld()) {
      await writer.regain();
    }
    if (finishing || stopped !== undefined) {
      throw stopped === undefined ? new TurnEnded() : new AbortedError(stopped);
    }
    const turn = writer.head?.turn ?? 1;
    steps += 1;
    let value: Json;
    try {
      // The value as a later attempt would read it, so that what JSON cannot represent is lost now and not after a
      // crash.
      value = JSON.parse(JSON.stringify((await work(`${taskId}/${turn}/${name}`)) ?? null));
    } catch (error) {
      steps -= 1;
      if (!isInStep()) {
        await Promise.all(held.splice(0).map((response) => writer.emit(response)));
      }
      throw error;
    }
    steps -= 1;
    await writer.record(toStepRow(turn, name, value), held.splice(0));
    return value;
  }

  /** While stored steps remain unread, the log already has a newer checkpoint. */
  function checkpoint(value: Json): Promise<void> {
    if (finishing || stopped !== undefined) {
      return Promise.reject(stopped === undefined ? new TurnEnded() : new AbortedError(stopped));
    }
    return resumed.isCatchingUp ? Promise.resolve() : writer.record(toCheckpointRow(value), []);
  }

  function isInStep(): boolean {
    return steps > 0;
  }

  function finish(response: StreamResponse, mayBeStopped = false): Promise<void> {
    if (finishing || (stopped !== undefined && !mayBeStopped)) {
      return Promise.reject(stopped === undefined ? new TurnEnded() : new AbortedError(stopped));
    }
    for (const earlier of held.splice(0)) {
      void writer.emit(earlier);
    }
    finishing = writer.emit(response);
    const leave = (): void => left.resolve(undefined);
    finishing.then(leave, leave);
    return finishing;
  }

  /** Answers with a Message and no task, if the agent may do so and nothing is stored. Otherwise completes the task. */
  function reply(response: StreamResponse): Promise<void> {
    const message = response.payload?.$case === "statusUpdate" ? response.payload.value.status?.message : undefined;
    const mayReply = agent.replies === "either" && message !== undefined && !finishing && stopped === undefined;
    if (!mayReply || isInStep() || !writer.discard()) {
      return finish(response);
    }
    result.reply = { ...message, taskId: "" };
    finishing = DONE;
    left.resolve(undefined);
    return DONE;
  }

  /** Fails the task when its last event could not be stored, for instance because its metadata is too large. */
  async function failInstead(error: unknown): Promise<void> {
    if (error instanceof LostError) {
      throw error;
    }
    const said = textPart("The agent's last message could not be stored.");
    const message = agentMessage(parts.random.id(), taskId, contextId, [said]);
    await writer.emit(statusUpdate(taskId, contextId, TaskState.TASK_STATE_FAILED, message));
  }

  function fail(content: Content): Promise<void> {
    const message = agentMessage(parts.random.id(), taskId, contextId, toParts(content));
    const response = statusUpdate(taskId, contextId, TaskState.TASK_STATE_FAILED, message);
    const refusal = toSizeRefusal(response, parts.settings.maxEventBytes);
    return refusal === undefined ? finish(response, true) : fail(refusal);
  }
}

const DONE = Promise.resolve();

type Settled = { readonly returned: true } | { readonly thrown: unknown };

const RETURNED: Settled = { returned: true };

function describe(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : `threw ${typeof thrown}`;
}

/** The task before its first commit, as that will store it. */
function firstTask({ taskId, contextId, message }: TurnInput): Task {
  const status = { state: TaskState.TASK_STATE_WORKING, message: undefined, timestamp: undefined };
  return { id: taskId, contextId, status, artifacts: [], history: [message], metadata: undefined };
}

import { TaskState } from "@a2a-js/sdk";
import type { Message, SendMessageRequest, Task } from "@a2a-js/sdk";
import type { TaskKey, TaskPage } from "../ports/task-log.ts";
import type { TurnMessage } from "../ports/work-queue.ts";
import { cancelTask } from "./calls/cancel.ts";
import type { EngineParts } from "./engine-parts.ts";
import { createHeldTurns } from "./turn/held-turns.ts";
import type { HeldTurn } from "./turn/held-turns.ts";
import { listTasks } from "./calls/list.ts";
import { runMessageAgent } from "./calls/message-agent.ts";
import { isTaskId, readTask, withHistory } from "./log/read-task.ts";
import type { StoredTask } from "./log/read-task.ts";
import { purgeTask } from "./upkeep/purge.ts";
import { createRetention } from "./upkeep/retention.ts";
import { retry } from "./retry.ts";
import { createTaskCreator } from "./calls/create-task.ts";
import { createFollowUp } from "./calls/follow-up.ts";
import type { StartTurn } from "./calls/started-turn.ts";
import { sweep } from "./upkeep/sweep.ts";
import { createTails } from "./watch/tails.ts";
import type { Call, LoggedResponse, TaskEngine } from "./task-engine.ts";
import { invalid, TaskError } from "./task-fault.ts";
import { endsTurn, isTerminal } from "./log/task-state.ts";
import { readStoredHead } from "./log/transact.ts";
import { workOn } from "./turn/take-up.ts";
import { callPatience } from "./log/lease.ts";
import { takeableAt } from "./log/lease.ts";

/** The engine together with what drives it from behind: the queue, the clock, and the end of the process. */
export interface DurableEngine extends TaskEngine {
  /**
   * A message from the work queue. Resolves when its turn has ended here, or had nothing to do.
   * @throws TaskError `busy`, `unavailable`: deliver the message again later.
   */
  work(message: TurnMessage): Promise<void>;
  /** Looks at what is due, and removes what is past its time. Resolves to the number of turns looked at. */
  sweep(): Promise<number>;
  /** Removes tasks whatever their age; what still runs is canceled first. Resolves to the number of tasks removed. */
  purge(which: Purged): Promise<number>;
  /** Turns that run here now. */
  readonly turns: number;
  /** Takes no new turn. Resolves when those that run have ended, or after `grace` ms. */
  settle(grace: number): Promise<void>;
  /** Hands running turns over and ends every stream. */
  close(): Promise<void>;
}

/** Every task of a scope, or the task with this id, or both. Without the scope every task is looked at. */
interface Purged {
  readonly scope?: string;
  readonly taskId?: string;
}

export function createEngine(parts: EngineParts): DurableEngine {
  const tails = createTails(parts);
  const turns = createHeldTurns(parts, tails);
  const createTask = createTaskCreator(parts, turns);
  const followUp = createFollowUp(parts, turns, tails);
  /** Accepts a message: a new task, or the next turn of one that waits. */
  const startTurn: StartTurn = (call, message, mode, config) =>
    (message.taskId === "" ? createTask : followUp)(call, message, mode, config);
  const retention = createRetention(parts);

  tails.onLook((key, head) => {
    const abandoned = head.lease && takeableAt(head.lease, parts.settings.lease) < parts.clock.now();
    if (abandoned && !endsTurn(head.state)) {
      const message = { kind: "turn" as const, ...key, agent: head.agent, turn: head.turn };
      parts.queue.send(message).catch((error: unknown) => {
        parts.logger.warn("queue.unreachable", { taskId: key.taskId, error: String(error) });
      });
    }
  });

  return {
    send,
    stream,
    get,
    list: (call, request) => listTasks(parts, call, request),
    cancel,
    subscribe,
    work: (message) => workOn(parts, turns, tails, message),
    async sweep() {
      const looked = await sweep(parts, tails);
      await retention.run();
      return looked;
    },
    purge,
    get turns() {
      return turns.size;
    },
    settle: (grace) => turns.settle(grace),
    async close() {
      await turns.handOver();
      tails.close();
    },
  };

  async function send(call: Call, request: SendMessageRequest): Promise<Task | Message> {
    const message = messageOf(request);
    const limit = request.configuration?.historyLength;
    const config = request.configuration?.taskPushNotificationConfig;
    if (call.agent.replies === "message") {
      return runMessageAgent(parts, call, message);
    }
    if (request.configuration?.returnImmediately) {
      const { key, turn, snapshot } = await startTurn(call, message, "immediate", config);
      attend(call, turn);
      return withHistory(
        snapshot?.task ?? (await find(call, key.taskId)).task,
        limit ?? turn?.writer.task?.history.length,
      );
    }
    const { key, turn, snapshot } = await startTurn(call, message, "blocking", config);
    attend(call, turn);
    if (snapshot && !turn && endsTurn(snapshot.task.status?.state ?? 0)) {
      return withHistory(snapshot.task, limit);
    }
    const isFound = (await turn?.ended) ?? true;
    const local = turn?.writer;
    if (turn && !isFound && !turn.lost) {
      throw notCreated(turn);
    }
    if (local?.task && local.head && endsTurn(local.head.state)) {
      return withHistory(local.task, limit);
    }
    if (turn && !local?.task) {
      throw notCreated(turn);
    }
    await untilTurnEnds(key, snapshot?.generation ?? local?.head?.generation ?? 1, call.signal);
    const { task } = await find(call, key.taskId);
    if (!endsTurn(task.status?.state ?? 0)) {
      throw new TaskError({ code: "unavailable", message: toFarewell(key.taskId), retryAfter: 1 });
    }
    return withHistory(task, limit);
  }

  async function* stream(call: Call, request: SendMessageRequest): AsyncGenerator<LoggedResponse, void, undefined> {
    const message = messageOf(request);
    if (call.agent.replies === "message") {
      yield {
        generation: 0,
        response: { payload: { $case: "message", value: await runMessageAgent(parts, call, message) } },
      };
      return;
    }
    const config = request.configuration?.taskPushNotificationConfig;
    const { key, snapshot, turn } = await startTurn(call, message, "stream", config);
    attend(call, turn);
    const first = snapshot ?? snapshotOf(turn);
    if (!first) {
      throw notCreated(turn);
    }
    yield { generation: first.generation, response: { payload: { $case: "task", value: first.task } } };
    if (!endsStream(first.task.status?.state)) {
      yield* follow(key, first.generation, first.generation + 1, call.signal);
    }
  }

  async function get(
    call: Call,
    request: { readonly id: string; readonly historyLength?: number | undefined },
  ): Promise<Task> {
    return withHistory((await find(call, request.id)).task, request.historyLength);
  }

  async function cancel(call: Call, request: { readonly id: string }): Promise<Task> {
    const stored = await find(call, request.id);
    await cancelTask(parts, turns, tails, keyOf(call, request.id), stored, call.signal);
    return (await find(call, request.id)).task;
  }

  async function* subscribe(
    call: Call,
    request: { readonly id: string },
  ): AsyncGenerator<LoggedResponse, void, undefined> {
    const { head, task } = await find(call, request.id);
    const key = keyOf(call, request.id);
    const from = call.lastEventId;
    if (from === undefined) {
      if (isTerminal(head.state)) {
        const message = `Task ${request.id} has ended, so there is nothing to subscribe to. Use GetTask.`;
        throw new TaskError({ code: "unsupported", message });
      }
      yield { generation: head.generation, response: { payload: { $case: "task", value: task } } };
      yield* follow(key, head.generation, head.generation + 1, call.signal);
      return;
    }
    if (from > head.generation) {
      throw invalid("Last-Event-ID", `is ${from}, but the task has ${head.generation} events`);
    }
    if (from < head.generation || !isTerminal(head.state)) {
      yield* follow(key, from, head.generation, call.signal, head.generation);
    }
  }

  async function purge({ scope, taskId }: Purged): Promise<number> {
    let removed = 0;
    let after: string | undefined;
    do {
      const page: TaskPage = await parts.log.listTasks(after, scope);
      for (const key of page.tasks.filter((task) => taskId === undefined || task.taskId === taskId)) {
        const version = await readStoredHead(parts, key);
        if (version && !version.head.purging && !isTerminal(version.head.state)) {
          await cancelTask(parts, turns, tails, key, version, new AbortController().signal);
        }
        removed += Number(await purgeTask(parts, key, ({ state }) => isTerminal(state)));
      }
      after = page.next;
    } while (after !== undefined);
    return removed;
  }

  /** Events until one ends the stream; before `live` they are history, where only a terminal state does. */
  async function* follow(
    key: TaskKey,
    after: number,
    live: number,
    signal: AbortSignal,
    known?: number,
  ): AsyncGenerator<LoggedResponse, void, undefined> {
    for await (const { generation, response } of tails.watch(key, after, signal, known)) {
      yield { generation, response };
      const state = response.payload?.$case === "statusUpdate" ? response.payload.value.status?.state : undefined;
      if (state !== undefined && (isTerminal(state) || (generation >= live && endsStream(state)))) {
        return;
      }
    }
  }

  async function untilTurnEnds(key: TaskKey, after: number, signal: AbortSignal): Promise<void> {
    for await (const { response } of tails.watch(key, after, signal)) {
      if (response.payload?.$case === "statusUpdate" && endsTurn(response.payload.value.status?.state ?? 0)) {
        return;
      }
    }
  }

  /** @throws TaskError `not-found`: another scope's task, or another agent's, does not exist for this call. */
  async function find(call: Call, taskId: string): Promise<StoredTask> {
    const deadline = parts.clock.monotonic() + callPatience(parts.settings.lease);
    const stored = isTaskId(taskId)
      ? await retry(parts, deadline, () => readTask(parts, keyOf(call, taskId)))
      : undefined;
    if (!stored || stored.head.agent !== call.agent.id) {
      throw new TaskError({ code: "not-found", taskId });
    }
    return stored;
  }
}

/** A turn that runs here outlasts its caller. */
function attend(call: Call, turn: HeldTurn | undefined): void {
  if (turn) {
    call.waitUntil?.(turn.done);
  }
}

function keyOf(call: Call, taskId: string): TaskKey {
  return { scope: call.caller.scope, taskId };
}

function messageOf(request: SendMessageRequest): Message {
  if (!request.message) {
    throw invalid("message", "is required");
  }
  return request.message;
}

function toFarewell(taskId: string): string {
  return `This instance is shutting down. Task ${taskId} goes on elsewhere: get it, or subscribe to it.`;
}

/** What the caller may do about it is the same, however the store failed. */
function notCreated(turn: HeldTurn | undefined): TaskError {
  if (turn?.lost instanceof TaskError) {
    return turn.lost;
  }
  const message = "The task could not be stored. Send the message again.";
  return new TaskError({ code: "unavailable", message, retryAfter: 2 }, { cause: turn?.lost });
}

function snapshotOf(turn: HeldTurn | undefined): { readonly task: Task; readonly generation: number } | undefined {
  const task = turn?.writer.task;
  const head = turn?.writer.head;
  return task && head && { task, generation: head.generation };
}

/** Streams stay open at AUTH_REQUIRED: the credential may come by another way (specification 7.6.1). */
function endsStream(state: TaskState | undefined): boolean {
  return state !== undefined && (isTerminal(state) || state === TaskState.TASK_STATE_INPUT_REQUIRED);
}

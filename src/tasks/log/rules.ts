import { TaskState } from "@a2a-js/sdk";
import type { Message, StreamResponse, Task } from "@a2a-js/sdk";
import type { Caller } from "../../ports/agent.ts";
import { hasLiveLease, SCHEMA } from "./head.ts";
import type { Head } from "./head.ts";
import type { LogEvent } from "./rows.ts";
import { endsTurn, isInterrupted, isTerminal } from "./task-state.ts";
import type { TaskFault } from "../task-fault.ts";
import { cancelWithin, takeableAt } from "./lease.ts";
import type { Lease } from "./lease.ts";
import { agentMessage, statusUpdate, textPart, toTimestamp, withTimestamp } from "./status-update.ts";

/** What a change writes: the next head and the events that go with it, in one transaction. */
export interface Change {
  readonly head: Head;
  readonly events: readonly LogEvent[];
}

/** `fenced`: another epoch began. `idle`: there is nothing to do. The rest refuses the caller. */
export type Refusal =
  | { readonly code: "fenced" }
  | { readonly code: "idle" }
  | { readonly code: "held"; readonly until: number }
  | TaskFault;

export type Decision = { readonly change: Change } | { readonly refused: Refusal };

/** Who wants to write, when, and for how long a lease lasts (ms). */
export interface Writer {
  readonly holder: string;
  readonly nonce: string;
  readonly now: number;
  readonly lease: number;
}

/** Crashes without progress after which a turn is given up. */
export const MAX_ATTEMPTS = 3;

/**
 * Every rule by which a task changes. Pure: head and clock in, the transaction out. The engine takes them as
 * an argument so that the simulation can break one at a time and see itself turn red.
 */
export const rules = {
  create,
  acceptMessage,
  take,
  append,
  release,
  flagCancel,
  endCanceled,
  endAbandoned,
  purge,
  addPushConfig,
};

export type Rules = typeof rules;

export interface NewTask {
  readonly taskId: string;
  readonly agent: string;
  readonly major: number;
  readonly contextId: string;
  readonly caller: Caller;
  readonly message: Message;
  /** False when a work message starts the turn elsewhere. */
  readonly held: boolean;
  /** Configs that come with the message. */
  readonly pushConfigs?: number;
}

function create(task: NewTask, by: Writer): Change {
  const state = task.held ? TaskState.TASK_STATE_WORKING : TaskState.TASK_STATE_SUBMITTED;
  const first: Task = {
    id: task.taskId,
    contextId: task.contextId,
    status: { state, message: undefined, timestamp: toTimestamp(by.now) },
    artifacts: [],
    history: [task.message],
    metadata: undefined,
  };
  return {
    head: {
      schema: SCHEMA,
      agent: task.agent,
      major: task.major,
      contextId: task.contextId,
      state,
      statusTime: by.now,
      created: by.now,
      generation: 1,
      snapshot: 0,
      snapshotBytes: 0,
      tailBytes: 0,
      turn: 1,
      turnStart: 1,
      steps: 0,
      checkpoint: false,
      epoch: 1,
      nonce: by.nonce,
      seq: 1,
      lease: task.held ? leaseOf(by) : undefined,
      cancel: undefined,
      attempts: 0,
      pushConfigs: task.pushConfigs ?? 0,
      purging: false,
      caller: task.caller,
    },
    events: [{ generation: 1, epoch: 1, nonce: by.nonce, response: { payload: { $case: "task", value: first } } }],
  };
}

/** A follow-up begins the next turn of a task that waits (specification 3.4.3). */
function acceptMessage(head: Head, taskId: string, message: Message, held: boolean, by: Writer): Decision {
  if (head.purging) {
    return { refused: { code: "not-found", taskId } };
  }
  if (head.schema > SCHEMA) {
    return refuse(NEWER);
  }
  if (isTerminal(head.state)) {
    return refuse("Task has ended; a message cannot continue it. Send it without taskId to begin a new task.");
  }
  if (!isInterrupted(head.state) || hasLiveLease(head, by.now)) {
    return refuse("Task is still working. Wait until it asks for input, or cancel it.");
  }
  if (head.cancel) {
    return refuse("Task is being canceled.");
  }
  const state = held ? TaskState.TASK_STATE_WORKING : TaskState.TASK_STATE_SUBMITTED;
  const nextTurn = { ...head, turn: head.turn + 1, turnStart: head.generation + 1, steps: 0, attempts: 0 };
  const began = beginEpoch(nextTurn, by, held);
  return withEvents(began, [statusUpdate(taskId, head.contextId, state, undefined)], by, { message, nonce: by.nonce });
}

/**
 * Takes a turn that nobody holds: one that a queue message starts, one that was handed over, or one whose holder
 * fell silent.
 */
function take(head: Head, taskId: string, turn: number, onCrash: "resume" | "fail", by: Writer): Decision {
  if (head.purging || head.schema > SCHEMA || head.turn !== turn || endsTurn(head.state)) {
    return { refused: { code: "idle" } };
  }
  const heldUntil = head.lease ? takeableAt(head.lease, by.lease) : 0;
  if (heldUntil > by.now) {
    return { refused: { code: "held", until: heldUntil } };
  }
  if (head.cancel) {
    return endCanceled(head, taskId, by);
  }
  const attempts = head.attempts + (head.lease ? 1 : 0);
  const began = beginEpoch({ ...head, attempts }, by, true);
  if (attempts >= MAX_ATTEMPTS || (attempts > 0 && onCrash === "fail")) {
    const text = `The agent stopped ${attempts === 1 ? "once" : `${attempts} times`} before it could finish.`;
    return withEvents(
      began,
      [statusUpdate(taskId, head.contextId, TaskState.TASK_STATE_FAILED, says(head, taskId, by, text))],
      by,
    );
  }
  return head.state === TaskState.TASK_STATE_SUBMITTED
    ? withEvents(began, [statusUpdate(taskId, head.contextId, TaskState.TASK_STATE_WORKING, undefined)], by)
    : { change: { head: began, events: [] } };
}

/** What a holder stores besides events: progress, after which earlier crashes count no more. */
export interface Recorded {
  readonly steps: number;
  readonly checkpoint: boolean;
}

/** The holder's own events. An event that ends the turn gives the lease back in the same transaction. */
function append(head: Head, responses: readonly StreamResponse[], by: Writer, recorded?: Recorded): Decision {
  if (head.nonce !== by.nonce) {
    return { refused: { code: "fenced" } };
  }
  const next = { ...head, seq: head.seq + 1, lease: leaseOf(by) };
  if (recorded) {
    next.attempts = 0;
    next.steps += recorded.steps;
    next.checkpoint ||= recorded.checkpoint;
  }
  return withEvents(next, responses, by);
}

/** Gives the turn back unfinished: the next holder need not wait for the lease, and it is no crash. */
function release(head: Head, by: Writer): Decision {
  if (head.nonce !== by.nonce) {
    return { refused: { code: "fenced" } };
  }
  return { change: { head: { ...head, seq: head.seq + 1, lease: undefined }, events: [] } };
}

/** Asks the holder to cancel, or cancels where nobody holds the task. */
function flagCancel(head: Head, taskId: string, by: Writer): Decision {
  if (head.purging) {
    return { refused: { code: "not-found", taskId } };
  }
  if (head.state === TaskState.TASK_STATE_CANCELED) {
    return { refused: { code: "idle" } };
  }
  if (isTerminal(head.state)) {
    return { refused: { code: "not-cancelable", taskId, state: TaskState[head.state] } };
  }
  if (head.schema > SCHEMA) {
    return refuse(NEWER);
  }
  const heldUntil = head.lease ? takeableAt(head.lease, by.lease) : 0;
  const deadline = head.cancel?.deadline ?? Infinity;
  if (heldUntil <= by.now || deadline <= by.now) {
    return endCanceled(head, taskId, by);
  }
  if (head.cancel) {
    return { refused: { code: "held", until: deadline } };
  }
  const cancel = { by: by.holder, deadline: by.now + cancelWithin(by.lease) };
  return { change: { head: { ...head, cancel }, events: [] } };
}

/** Fences whoever holds the task and ends it. */
function endCanceled(head: Head, taskId: string, by: Writer): Decision {
  if (isTerminal(head.state)) {
    return { refused: { code: "idle" } };
  }
  return withEvents(
    beginEpoch(head, by, false),
    [statusUpdate(taskId, head.contextId, TaskState.TASK_STATE_CANCELED, undefined)],
    by,
  );
}

/** Ends a task that has waited too long for an answer. */
function endAbandoned(head: Head, taskId: string, inputTimeout: number, by: Writer): Decision {
  const isSomebodyElses = head.purging || head.schema > SCHEMA;
  if (isSomebodyElses || !isInterrupted(head.state) || head.statusTime + inputTimeout > by.now) {
    return { refused: { code: "idle" } };
  }
  const message = says(head, taskId, by, "The task waited for an answer for too long.");
  return withEvents(
    beginEpoch(head, by, false),
    [statusUpdate(taskId, head.contextId, TaskState.TASK_STATE_FAILED, message)],
    by,
  );
}

/** Hides a task whose rows are about to go, and fences whoever still holds it. */
function purge(head: Head, by: Writer): Decision {
  if (head.schema > SCHEMA) {
    return { refused: { code: "idle" } };
  }
  return { change: { head: { ...beginEpoch(head, by, false), purging: true }, events: [] } };
}

/** Its row goes with the head, so that it knows every event after it. */
function addPushConfig(head: Head, taskId: string): Decision {
  if (head.purging) {
    return { refused: { code: "not-found", taskId } };
  }
  if (head.schema > SCHEMA) {
    return refuse(NEWER);
  }
  return { change: { head: { ...head, pushConfigs: head.pushConfigs + 1 }, events: [] } };
}

const NEWER = "Task was written by a newer version of this gateway. Try again: an instance of that version may answer.";

function beginEpoch(head: Head, by: Writer, held: boolean): Head {
  return { ...head, epoch: head.epoch + 1, nonce: by.nonce, seq: 1, lease: held ? leaseOf(by) : undefined };
}

function withEvents(
  head: Head,
  responses: readonly StreamResponse[],
  by: Writer,
  first?: Required<Pick<LogEvent, "message" | "nonce">>,
): Decision {
  let { state, statusTime } = head;
  const events: LogEvent[] = [];
  for (const response of responses) {
    const payload = response.payload;
    let stamped = response;
    if (payload?.$case === "statusUpdate" && payload.value.status) {
      statusTime = Math.max(by.now, statusTime + 1);
      state = payload.value.status.state;
      stamped = withTimestamp(payload.value, payload.value.status, toTimestamp(statusTime));
    }
    const event = { generation: head.generation + events.length + 1, epoch: head.epoch, response: stamped };
    events.push(first && events.length === 0 ? { ...event, message: first.message, nonce: first.nonce } : event);
  }
  const lease = endsTurn(state) ? undefined : head.lease;
  return {
    change: { head: { ...head, state, statusTime, generation: head.generation + events.length, lease }, events },
  };
}

/** Its id is the write's own, so that a repeated attempt says the same. */
function says(head: Head, taskId: string, by: Writer, text: string): Message {
  return agentMessage(`${by.nonce}-${head.generation + 1}`, taskId, head.contextId, [textPart(text)]);
}

function leaseOf(by: Writer): Lease {
  return { holder: by.holder, until: by.now + by.lease };
}

function refuse(message: string): Decision {
  return { refused: { code: "unsupported", message } };
}

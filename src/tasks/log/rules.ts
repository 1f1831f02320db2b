import { TaskState } from "@a2a-js/sdk";
import type { Message, StreamResponse, Task } from "@a2a-js/sdk";
import type { Caller } from "../../ports/agent.ts";
import { hasLiveLease, SCHEMA } from "./head.ts";
import type { Head } from "./head.ts";
import type { LogEvent } from "./rows.ts";
import { endsTurn, isInterrupted, isTerminal } from "./task-state.ts";
import type { TaskFault } from "../task-fault.ts";
import { cancelWithin, takeableAt } from "./lease.ts";
import { ALONE_AFTER, aloneFor, careOf, lossesOf } from "./care.ts";
import type { Lease } from "./lease.ts";
import { agentMessage, statusUpdate, textPart, toTimestamp, withTimestamp } from "./status-update.ts";

/** What a change writes in one transaction: the next head and its events. */
export interface Change {
  readonly head: Head;
  readonly events: readonly LogEvent[];
}

/**
 * Why a change is not made. `fenced`: another writer began an epoch. `idle`: there is nothing to do. `held`: another
 * instance holds the task until `until` (ms since 1970). A {@link TaskFault} is an error for the caller.
 */
export type Refusal =
  | { readonly code: "fenced" }
  | { readonly code: "idle" }
  | { readonly code: "held"; readonly until: number }
  | TaskFault;

export type Decision = { readonly change: Change } | { readonly refused: Refusal };

/** Who wants to write. `now` in ms since 1970; `lease` is the length of a lease in ms. */
export interface Writer {
  readonly holder: string;
  readonly nonce: string;
  readonly now: number;
  readonly lease: number;
  /** Whether this instance runs no other turn. */
  readonly isAlone?: boolean;
}

/** Losses of its instance without progress after which a turn is given up, if it ran alone when the last one was lost. */
const MAX_ATTEMPTS = 3;
/** The same if it never had an instance of its own. */
export const MAX_LOSSES = 10;

/**
 * Every rule by which a task changes. A rule is a pure function of the head and a {@link Writer}; it never throws. It
 * returns the change to commit, or why there is none. `transact` calls a rule again with the newer head when another
 * writer was first. The engine receives the rules as an argument, so that the simulation can replace one by a faulty
 * one and check that it detects the fault.
 */
export const rules = {
  create,
  careOf,
  acceptMessage,
  take,
  append,
  release,
  flagCancel,
  endCanceled,
  endAbandoned,
  endUnrun,
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
  /** Whether the creating instance runs the turn; otherwise a work message starts it. */
  readonly held: boolean;
  /** Number of push notification configs that come with the message. */
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

/** A follow-up message begins the next turn of a task that waits for input (specification 3.4.3). */
function acceptMessage(head: Head, taskId: string, message: Message, held: boolean, by: Writer): Decision {
  if (head.purging) {
    return { refused: { code: "not-found", taskId } };
  }
  if (head.schema > SCHEMA) {
    return refuse(NEWER);
  }
  if (isTerminal(head.state)) {
    return refuse("The task has ended, so a message cannot continue it. Send it without taskId to begin a new task.");
  }
  if (!isInterrupted(head.state) || hasLiveLease(head, by.now)) {
    return refuse("The task is still working. Wait until it asks for input, or cancel it.");
  }
  if (head.cancel) {
    return refuse("The task is being canceled. Send the message without taskId to begin a new task.");
  }
  const state = held ? TaskState.TASK_STATE_WORKING : TaskState.TASK_STATE_SUBMITTED;
  const nextTurn = { ...head, turn: head.turn + 1, turnStart: head.generation + 1, steps: 0, attempts: 0 };
  const began = beginEpoch(nextTurn, by, held);
  return withEvents(began, [statusUpdate(taskId, head.contextId, state, undefined)], by, { message, nonce: by.nonce });
}

/**
 * Takes a turn without a live holder: one that a work message starts, one that was handed over, or one whose holder
 * crashed.
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
  const attempts = lossesOf(head);
  const began = beginEpoch({ ...head, attempts }, by, true);
  const text = givesUp(head, attempts, onCrash);
  if (text !== undefined) {
    return withEvents(
      began,
      [statusUpdate(taskId, head.contextId, TaskState.TASK_STATE_FAILED, agentText(head, taskId, by, text))],
      by,
    );
  }
  return head.state === TaskState.TASK_STATE_SUBMITTED
    ? withEvents(began, [statusUpdate(taskId, head.contextId, TaskState.TASK_STATE_WORKING, undefined)], by)
    : { change: { head: began, events: [] } };
}

/**
 * The text for the client of a turn that is not run again; undefined if it is. That an instance was lost is all that is known:
 * it may have stopped, or only its way to the store. Which turn did it is known when it ran alone.
 */
function givesUp(head: Head, losses: number, onCrash: "resume" | "fail"): string | undefined {
  const lost = `lost the instance that ran the agent ${losses === 1 ? "once" : `${losses} times`}`;
  if (losses >= MAX_ATTEMPTS && head.lease?.aloneUntil !== undefined) {
    return `The gateway ${lost}; the last time it ran nothing else.`;
  }
  if (losses >= MAX_LOSSES) {
    return `The gateway ${lost} before the agent could finish.`;
  }
  if (losses > head.attempts && onCrash === "fail") {
    return "The gateway lost the instance that ran the agent, and this agent cannot be resumed.";
  }
  return undefined;
}

/** Steps and checkpoints that a holder stores besides events. This is progress: it sets `attempts` back to 0. */
export interface Recorded {
  readonly steps: number;
  readonly checkpoint: boolean;
}

/** Appends the holder's events. An event that ends the turn removes the lease in the same transaction. */
function append(head: Head, responses: readonly StreamResponse[], by: Writer, recorded?: Recorded): Decision {
  if (head.nonce !== by.nonce) {
    return { refused: { code: "fenced" } };
  }
  const isAlone = (head.lease?.aloneUntil ?? 0) > by.now && !recorded;
  const lease = isAlone ? { ...leaseOf(by), aloneUntil: head.lease?.aloneUntil as number } : leaseOf(by);
  const next: Mutable<Head> = { ...head, seq: head.seq + 1, lease };
  if (recorded) {
    next.attempts = 0;
    next.steps += recorded.steps;
    next.checkpoint ||= recorded.checkpoint;
  }
  return withEvents(next, responses, by);
}

/** Hands over an unfinished turn: the next holder need not wait for the lease to end, and it is not a crash. */
function release(head: Head, by: Writer): Decision {
  if (head.nonce !== by.nonce) {
    return { refused: { code: "fenced" } };
  }
  return { change: { head: { ...head, seq: head.seq + 1, lease: undefined, released: by.now }, events: [] } };
}

/** Asks the holder to cancel, or cancels a task that has no live holder or is past the deadline. */
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

/** Ends the task as CANCELED in a new epoch, which fences the holder. */
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

/** Ends a task that has waited for input longer than `inputTimeout` ms. */
function endAbandoned(head: Head, taskId: string, inputTimeout: number, by: Writer): Decision {
  const isOffLimits = head.purging || head.schema > SCHEMA;
  if (isOffLimits || !isInterrupted(head.state) || head.statusTime + inputTimeout > by.now) {
    return { refused: { code: "idle" } };
  }
  const message = agentText(head, taskId, by, "The task waited for an answer for too long.");
  return withEvents(
    beginEpoch(head, by, false),
    [statusUpdate(taskId, head.contextId, TaskState.TASK_STATE_FAILED, message)],
    by,
  );
}

/** Ends a turn that no instance could run. `text` says why. */
function endUnrun(head: Head, taskId: string, turn: number, text: string, by: Writer): Decision {
  const isHeld = head.lease !== undefined && takeableAt(head.lease, by.lease) > by.now;
  if (head.purging || head.schema > SCHEMA || head.turn !== turn || endsTurn(head.state) || isHeld) {
    return { refused: { code: "idle" } };
  }
  if (head.cancel) {
    return endCanceled(head, taskId, by);
  }
  const message = agentText(head, taskId, by, text);
  return withEvents(
    beginEpoch(head, by, false),
    [statusUpdate(taskId, head.contextId, TaskState.TASK_STATE_FAILED, message)],
    by,
  );
}

/** Hides a task whose rows will be deleted, in a new epoch, which fences the holder. */
function purge(head: Head, by: Writer): Decision {
  if (head.schema > SCHEMA) {
    return { refused: { code: "idle" } };
  }
  return { change: { head: { ...beginEpoch(head, by, false), purging: true }, events: [] } };
}

/** Records a new push notification config. Its row is in the same transaction, so that every later event reaches it. */
function addPushConfig(head: Head, taskId: string): Decision {
  if (head.purging) {
    return { refused: { code: "not-found", taskId } };
  }
  if (head.schema > SCHEMA) {
    return refuse(NEWER);
  }
  return { change: { head: { ...head, pushConfigs: head.pushConfigs + 1 }, events: [] } };
}

const NEWER =
  "The task was written by a newer version of this gateway. Retry: an instance of that version may receive the request.";

function beginEpoch(head: Head, by: Writer, held: boolean): Head {
  const { released: _, ...kept } = head;
  const isAlone = by.isAlone === true && head.attempts >= ALONE_AFTER;
  const lease = isAlone ? { ...leaseOf(by), aloneUntil: by.now + aloneFor(head.attempts, by.lease) } : leaseOf(by);
  return { ...kept, epoch: head.epoch + 1, nonce: by.nonce, seq: 1, lease: held ? lease : undefined };
}

type Mutable<T> = { -readonly [name in keyof T]: T[name] };

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

/** A message whose id is derived from the write, so that a repeated attempt writes the same bytes. */
function agentText(head: Head, taskId: string, by: Writer, text: string): Message {
  return agentMessage(`${by.nonce}-${head.generation + 1}`, taskId, head.contextId, [textPart(text)]);
}

function leaseOf(by: Writer): Lease {
  return { holder: by.holder, until: by.now + by.lease };
}

function refuse(message: string): Decision {
  return { refused: { code: "unsupported", message } };
}

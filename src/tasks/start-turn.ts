import type { Message, Task, TaskPushNotificationConfig } from "@a2a-js/sdk";
import { majorOf } from "../ports/agent-registry.ts";
import type { LogRow, TaskKey } from "../ports/task-log.ts";
import type { EngineParts } from "./engine-parts.ts";
import { fold } from "./fold.ts";
import type { Head } from "./head.ts";
import type { HeldTurn, HeldTurns } from "./held-turns.ts";
import { isAccepted, toKeyedTaskId, toKeyRow } from "./idempotency.ts";
import { openRow } from "./open-row.ts";
import { isTaskId, readReferences, readTask } from "./read-task.ts";
import { retry } from "./retry.ts";
import type { Decision, NewTask, Refusal } from "./rules.ts";
import { NOTHING_EARLIER, readCheckpoint } from "./steps.ts";
import type { Tails } from "./tails.ts";
import type { Call } from "./task-engine.ts";
import { invalid, TaskError } from "./task-fault.ts";
import { transact } from "./transact.ts";
import type { Version } from "./transact.ts";
import { writerOf } from "./writer-of.ts";

/** What began with an accepted message. */
interface Begun {
  readonly key: TaskKey;
  /**
   * The task right after the message was committed, or as it is now where an earlier attempt was accepted; absent
   * while a first commit is held back or the turn tells itself.
   */
  readonly snapshot?: { readonly task: Task; readonly generation: number };
  /** Absent when a work message starts the turn. */
  readonly turn?: HeldTurn;
}

type Mode = "blocking" | "stream" | "immediate";

export interface Starter {
  /** Accepts a message: a new task, or the next turn of one that waits. Committed on return, but for a short blocking call. */
  start(call: Call, message: Message, mode: Mode, config?: TaskPushNotificationConfig): Promise<Begun>;
}

/** A first commit, by this call or an earlier one with its key. */
interface Created extends Required<Pick<Begun, "key" | "snapshot">> {
  /** Absent when somebody else has the task. */
  readonly version?: Version;
}

const IS_PURGED: Refusal = {
  code: "unavailable",
  message: "The task that this Idempotency-Key named before is being removed.",
  retryAfter: 5,
};

/** A blocking turn that ends within this many ms is one commit (DESIGN 3.3). */
const FIRST_COMMIT_WITHIN = 25;

export function createStarter(parts: EngineParts, turns: HeldTurns, tails: Tails): Starter {
  const { clock, index, outbox, queue, random, registry, rules, settings } = parts;

  return {
    start: (call, message, mode, config) =>
      message.taskId === "" ? create(call, message, mode, config) : followUp(call, message, mode, config),
  };

  async function create(
    call: Call,
    message: Message,
    mode: Mode,
    config: TaskPushNotificationConfig | undefined,
  ): Promise<Begun> {
    const { agent, caller, idempotencyKey } = call;
    const { scope } = caller;
    const taskId = idempotencyKey === undefined ? random.id() : toKeyedTaskId(scope, agent.id, idempotencyKey);
    const key = { scope, taskId };
    const keyRow = idempotencyKey === undefined ? undefined : toKeyRow(idempotencyKey, message, 1);
    const earlier = keyRow && (await findEarlier(key, keyRow));
    if (earlier) {
      return earlier;
    }
    // Rows that go with the task: it is created on its own then, not with what its agent does first.
    const rows = [...(keyRow ? [keyRow] : []), ...(config ? [await outbox.toRow(call, config, key, 0)] : [])];
    const contextId = message.contextId || random.id();
    const held = mode !== "immediate" && agent.runs === "inline";
    const own = { ...copyOf(message), taskId: key.taskId, contextId };
    const task = {
      taskId: key.taskId,
      agent: agent.id,
      major: majorOf(agent),
      contextId,
      caller,
      message: own,
      held,
      ...(config && { pushConfigs: 1 }),
    };
    if (!held) {
      return createQueued(key, task, rows, keyRow);
    }
    const references = await readReferences(parts, caller.scope, message);
    turns.admit();
    const since = clock.monotonic();
    const nonce = random.id();
    const created = rows.length > 0 ? await createAhead(key, task, rows, keyRow, nonce) : undefined;
    if (created && !created.version) {
      return created;
    }
    const turn = turns.start({
      agent,
      input: {
        taskId: key.taskId,
        contextId,
        message: own,
        history: [],
        references,
        caller,
        attempt: 1,
        saved: undefined,
        earlier: NOTHING_EARLIER,
      },
      open: openRow(parts, key, agent.id, 1),
      writer: {
        key,
        nonce,
        from: created?.version ? { version: created.version, task: created.snapshot.task } : { create: task },
        since,
      },
      deferFor: !created && mode === "blocking" && agent.rerun === "safe" ? FIRST_COMMIT_WITHIN : 0,
    });
    if (created) {
      return { ...created, turn };
    }
    if (mode !== "blocking") {
      await turn.begun;
    }
    return { key, turn };
  }

  async function createQueued(
    key: TaskKey,
    task: NewTask,
    rows: readonly LogRow[],
    keyRow: LogRow | undefined,
  ): Promise<Begun> {
    const deadline = clock.monotonic() + settings.lease / 3;
    const created =
      rows.length > 0
        ? await createAhead(key, task, rows, keyRow, random.id())
        : await Promise.all([
            createFirst(key, task, [], random.id(), deadline),
            retry(parts, deadline, () => index.putOpen(openRow(parts, key, task.agent, 1))),
          ]).then(([first]) => first);
    if (!created) {
      throw new Error(`task ${key.taskId}: its id is taken`);
    }
    if (created.version) {
      await retry(parts, deadline, () => queue.send({ kind: "turn", ...key, agent: task.agent, turn: 1 }));
    }
    return created;
  }

  /**
   * The open row goes first: a repeat that finds the task may then rely on the sweep for it, whatever became of the
   * attempt that created it.
   */
  async function createAhead(
    key: TaskKey,
    task: NewTask,
    rows: readonly LogRow[],
    keyRow: LogRow | undefined,
    nonce: string,
  ): Promise<Created> {
    const deadline = clock.monotonic() + settings.lease / 3;
    await retry(parts, deadline, () => index.putOpen(openRow(parts, key, task.agent, 1)));
    const created =
      (await createFirst(key, task, rows, nonce, deadline)) ?? (keyRow && (await findEarlier(key, keyRow)));
    if (!created) {
      throw new TaskError({
        code: "unavailable",
        message: "The task of this key just went. Try again.",
        retryAfter: 1,
      });
    }
    return created;
  }

  /** Undefined when the task exists already. `version` is there while nobody else has taken it. */
  async function createFirst(
    key: TaskKey,
    task: NewTask,
    rows: readonly LogRow[],
    nonce: string,
    deadline: number,
  ): Promise<Created | undefined> {
    const decide = (head: Head | undefined): Decision =>
      head
        ? { refused: head.purging ? IS_PURGED : { code: "idle" } }
        : { change: rules.create(task, writerOf(parts, nonce)) };
    const outcome = await transact(parts, { key, from: undefined, decide, rows, deadline });
    if (outcome.code === "refused") {
      if (outcome.refusal.code === "unavailable") {
        throw new TaskError(outcome.refusal);
      }
      return undefined;
    }
    const first = outcome.change.events[0]?.response.payload;
    if (first?.$case !== "task") {
      throw new Error(`task ${key.taskId}: its log does not begin with a Task`);
    }
    outbox.committed(key, outcome.change.head);
    const snapshot = { task: first.value, generation: 1 };
    return { key, snapshot, ...(outcome.code === "committed" && { version: outcome.version }) };
  }

  /** The task of an earlier attempt with this key. @throws TaskError `invalid` when that was another message. */
  async function findEarlier(key: TaskKey, keyRow: LogRow): Promise<Created | undefined> {
    const deadline = clock.monotonic() + settings.lease / 3;
    if (!(await retry(parts, deadline, () => isAccepted(parts, key, keyRow)))) {
      return undefined;
    }
    const stored = await retry(parts, deadline, () => readTask(parts, key));
    return stored && { key, snapshot: { task: stored.task, generation: stored.head.generation } };
  }

  async function followUp(
    call: Call,
    message: Message,
    mode: Mode,
    config: TaskPushNotificationConfig | undefined,
  ): Promise<Begun> {
    const key = { scope: call.caller.scope, taskId: message.taskId };
    const deadline = clock.monotonic() + settings.lease / 3;
    const stored = isTaskId(key.taskId) ? await retry(parts, deadline, () => readTask(parts, key)) : undefined;
    if (!stored || stored.head.agent !== call.agent.id) {
      throw new TaskError({ code: "not-found", taskId: message.taskId });
    }
    const { contextId } = stored.head;
    if (message.contextId !== "" && message.contextId !== contextId) {
      throw invalid(
        "message.contextId",
        `is not the context of task ${key.taskId}; leave it out, or send ${contextId}`,
      );
    }
    const agent = registry.find(stored.head.agent, stored.head.major);
    if (!agent) {
      throw new TaskError({
        code: "unsupported",
        message: `Version ${stored.head.major} of agent ${stored.head.agent} is not served here any more.`,
      });
    }
    const isHeld = mode !== "immediate" && agent.runs === "inline";
    const own = { ...copyOf(message), contextId };
    const nonce = random.id();
    const decide = (head: Head | undefined): Decision => {
      if (!head || head.turn !== stored.head.turn) {
        return { refused: { code: "unsupported", message: "Another message continued this task first." } };
      }
      const heard = config ? { ...head, pushConfigs: head.pushConfigs + 1 } : head;
      return rules.acceptMessage(heard, key.taskId, own, isHeld, writerOf(parts, nonce));
    };
    const keyRow =
      call.idempotencyKey === undefined ? undefined : toKeyRow(call.idempotencyKey, message, stored.head.turn + 1);
    const earlier = keyRow && (await findEarlier(key, keyRow));
    if (earlier) {
      return earlier;
    }
    const rows = [
      ...(keyRow ? [keyRow] : []),
      ...(config ? [await outbox.toRow(call, config, key, stored.head.generation)] : []),
    ];
    const foreseen = decide(stored.head);
    if ("refused" in foreseen) {
      throw toError(foreseen.refused, key.taskId);
    }
    if (isHeld) {
      turns.admit();
    }
    const open = openRow(parts, key, agent.id, stored.head.turn + 1);
    await retry(parts, deadline, () => index.putOpen(open));
    const since = clock.monotonic();
    const outcome = await transact(parts, { key, from: stored, decide, rows, deadline });
    if (outcome.code === "refused") {
      const meanwhile = keyRow && (await findEarlier(key, keyRow));
      if (meanwhile) {
        return meanwhile;
      }
      throw toError(outcome.refusal, key.taskId);
    }
    const { version, change } = outcome;
    tails.publish(key, change.events, version.head);
    outbox.committed(key, change.head);
    // Left behind, the sweep deletes it: its turn is over.
    index.deleteOpen({ ...open, turn: stored.head.turn }).catch(() => {});
    const task = change.events.reduce((folded, event) => fold(folded, event.response, event.message), stored.task);
    const snapshot = { task, generation: change.head.generation };
    if (!isHeld) {
      await retry(parts, deadline, () => queue.send({ kind: "turn", ...key, agent: agent.id, turn: open.turn }));
    }
    if (!isHeld || outcome.code === "superseded") {
      return { key, snapshot };
    }
    const turn = turns.start({
      agent,
      input: {
        taskId: key.taskId,
        contextId,
        message: own,
        history: task.history.slice(0, -1),
        references: await readReferences(parts, key.scope, message),
        caller: call.caller,
        attempt: 1,
        saved: await retry(parts, deadline, () => readCheckpoint(parts, key, version.head)),
        earlier: NOTHING_EARLIER,
      },
      open,
      writer: { key, nonce, from: { version, task }, since },
      deferFor: 0,
    });
    return { key, snapshot, turn };
  }
}

/** With parts of its own: the log remembers per part object where its content is, and that holds for one task. */
function copyOf(message: Message): Message {
  return { ...message, parts: message.parts.map((part) => ({ ...part })) };
}

function toError(refusal: Refusal, taskId: string): TaskError {
  switch (refusal.code) {
    case "fenced":
    case "idle":
    case "held":
      return new TaskError({ code: "unsupported", message: `Task ${taskId} is being worked on.` });
    default:
      return new TaskError(refusal);
  }
}

import type { Message, TaskPushNotificationConfig } from "@a2a-js/sdk";
import type { Agent } from "../../ports/agent.ts";
import { majorOf } from "../../ports/agent-registry.ts";
import type { LogRow, TaskKey } from "../../ports/task-log.ts";
import { copyOf } from "./started-turn.ts";
import type { StartedTurn, Created, StartMode, StartTurn } from "./started-turn.ts";
import type { EngineParts } from "../engine-parts.ts";
import type { Head } from "../log/head.ts";
import type { HeldTurns } from "../turn/held-turns.ts";
import { findEarlier, toKeyRow } from "./idempotency.ts";
import { openRow } from "../lists/task-lists.ts";
import { readReferences } from "../log/read-task.ts";
import { retry } from "../retry.ts";
import type { Decision, NewTask, Refusal } from "../log/rules.ts";
import { NOTHING_EARLIER } from "../turn/steps.ts";
import type { Call } from "../task-engine.ts";
import { TaskError } from "../task-fault.ts";
import { transact, writerOf } from "../log/transact.ts";
import { callPatience } from "../log/lease.ts";

const IS_PURGED: Refusal = {
  code: "unavailable",
  message: "The task that this Idempotency-Key named before is being removed.",
  retryAfter: 5,
};

/** A turn whose first commit may be held back and that ends within this many ms is one commit. */
const FIRST_COMMIT_WITHIN = 25;

/** A message without a task begins one. */
export function createTaskCreator(parts: EngineParts, turns: HeldTurns): StartTurn {
  const { clock, index, outbox, queue, random, rules, settings } = parts;
  return create;

  async function create(
    call: Call,
    key: TaskKey,
    message: Message,
    mode: StartMode,
    config: TaskPushNotificationConfig | undefined,
  ): Promise<StartedTurn> {
    const { agent, caller, idempotencyKey } = call;
    const keyRow = idempotencyKey === undefined ? undefined : toKeyRow(idempotencyKey, message, 1);
    const earlier = keyRow && (await findEarlier(parts, key, keyRow));
    if (earlier) {
      return earlier;
    }
    // Rows that go with the task: it is created on its own then, not with what its agent does first.
    const rows = [...(keyRow ? [keyRow] : []), ...(config ? [await outbox.toRow(call, config, key)] : [])];
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
    const leave = turns.admit();
    const since = clock.monotonic();
    const nonce = random.id();
    let created: Created | undefined;
    try {
      created = rows.length > 0 ? await createAhead(key, task, rows, keyRow, nonce) : undefined;
    } finally {
      leave();
    }
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
        isWatched: mode === "stream",
      },
      deferFor: !created && mayHoldBack(agent, mode) ? FIRST_COMMIT_WITHIN : 0,
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
  ): Promise<StartedTurn> {
    const deadline = clock.monotonic() + callPatience(settings.lease);
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
    const deadline = clock.monotonic() + callPatience(settings.lease);
    await retry(parts, deadline, () => index.putOpen(openRow(parts, key, task.agent, 1)));
    const created =
      (await createFirst(key, task, rows, nonce, deadline)) ?? (keyRow && (await findEarlier(parts, key, keyRow)));
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
}

/**
 * Whether an agent may run before its task is stored. Should this instance die then, nobody was told of the task: the
 * caller sees its call fail and sends it again. So it may only where that does no harm, or where the agent's reply may
 * turn out to be a Message, for which no task must be seen.
 */
function mayHoldBack({ rerun, replies }: Agent, mode: StartMode): boolean {
  return replies === "either" || (mode === "blocking" && rerun === "safe");
}

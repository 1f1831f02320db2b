import type { Message, TaskPushNotificationConfig } from "@a2a-js/sdk";
import type { Agent } from "../../ports/agent.ts";
import { majorOf } from "../../ports/agent-registry.ts";
import type { LogRow, TaskKey } from "../../ports/task-log.ts";
import { copyOf } from "./started-turn.ts";
import type { StartedTurn, Created, StartMode, StartTurn } from "./started-turn.ts";
import type { EngineParts } from "../engine-parts.ts";
import type { Head } from "../log/head.ts";
import type { HeldTurns } from "../turn/held-turns.ts";
import type { OfferTurn } from "../turn/offer-turn.ts";
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
  message: "The task that this Idempotency-Key created earlier is being deleted. Retry later.",
  retryAfter: 5,
};

/** How long a first commit may be delayed, in ms. A turn that ends within this time is one commit. */
const FIRST_COMMIT_WITHIN = 25;

/** Creates the task for a message that names none. */
export function createTaskCreator(parts: EngineParts, turns: HeldTurns, offer: OfferTurn): StartTurn {
  const { clock, index, outbox, random, rules, settings } = parts;
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
    // With further rows the task is created before its agent starts, not together with the agent's first events.
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
      return createQueued(call, key, task, rows, keyRow);
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
    call: Call,
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
      // The task is durable and will run, so the call is acknowledged without waiting for the offer.
      const offered = offer({ kind: "turn", ...key, agent: task.agent, turn: 1 });
      call.waitUntil?.(offered);
    }
    return created;
  }

  /** Writes the open row first: a retry that finds the task can rely on the sweep, even if the first attempt died. */
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
        message: "The task of this Idempotency-Key was deleted during this request. Retry the request.",
        retryAfter: 1,
      });
    }
    return created;
  }

  /** Undefined when the task exists already. `version` is absent when another instance has taken it since. */
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
 * Whether an agent may run before its task is stored. If this instance dies at that point, no client knows the task:
 * the call fails and the caller sends it again, so the agent must be safe to run twice. An agent that may answer with a
 * Message also runs first, because such an answer has no task.
 */
function mayHoldBack({ rerun, replies }: Agent, mode: StartMode): boolean {
  return replies === "either" || (mode === "blocking" && rerun === "safe");
}

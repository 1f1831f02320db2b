import { Role } from "@a2a-js/sdk";
import type { Agent } from "../../ports/agent.ts";
import type { TaskKey } from "../../ports/task-log.ts";
import type { TurnMessage } from "../../ports/work-queue.ts";
import type { EngineParts } from "../engine-parts.ts";
import { indexEndedTask, openRow } from "../lists/task-lists.ts";
import { fold } from "../log/fold.ts";
import type { HeldTurn, HeldTurns } from "./held-turns.ts";
import { shouldReserve } from "../log/care.ts";
import type { Care } from "../log/care.ts";
import type { Head } from "../log/head.ts";
import { readReferences, readTask } from "../log/read-task.ts";
import type { StoredTask } from "../log/read-task.ts";
import type { Decision } from "../log/rules.ts";
import { retry } from "../retry.ts";
import { readCheckpoint, readEarlierAttempts } from "./steps.ts";
import type { StoreReach } from "./store-reach.ts";
import type { Tails } from "../watch/tails.ts";
import { TaskError } from "../task-fault.ts";
import { isTerminal } from "../log/task-state.ts";
import { transact, writerOf } from "../log/transact.ts";

/**
 * Takes the turn that a work message names, if the head allows it, and runs it here. A late, duplicate or stale message
 * does nothing. Resolves when all work of the turn is done here.
 * @throws TaskError `busy` when this instance does not admit the turn, `unavailable`: deliver the message again later
 */
export async function workOn(
  parts: EngineParts,
  turns: HeldTurns,
  tails: Tails,
  reach: StoreReach,
  message: TurnMessage,
  origin: Origin,
): Promise<void> {
  const key = { scope: message.scope, taskId: message.taskId };
  const deadline = parts.clock.monotonic() + parts.settings.lease;
  let held: HeldTurn | "changed" | undefined;
  do {
    const stored = await retry(parts, deadline, () => readTask(parts, key));
    if (!stored || stored.head.turn !== message.turn) {
      return;
    }
    const agent = parts.registry.find(stored.head.agent, stored.head.major);
    if (!agent) {
      const { agent: id, major, state } = stored.head;
      if (isTerminal(state)) {
        return;
      }
      parts.logger.warn("turn.take-up-failed", { taskId: key.taskId, reason: "unknown-agent", agent: id, major });
      return leaveToOthers(origin, `Agent ${id} ${major} is not served by this instance.`);
    }
    const foreseen = parts.rules.take(stored.head, key.taskId, message.turn, agent.onCrash, writerOf(parts, ""));
    if ("refused" in foreseen) {
      // A message that comes too early is no reason to look for a place.
      return;
    }
    if (stored.head.lease && !reach.canJudgeSilence()) {
      return leaveToOthers(origin, "The store has just answered again. A live holder may renew its lease.");
    }
    const now = parts.clock.now();
    const isRun = !isTerminal(foreseen.change.head.state);
    const care = isRun ? parts.rules.careOf(stored.head, now, parts.settings.lease) : "free";
    const mayReserve = origin === "sweep" && shouldReserve(stored.head, now, parts.settings.lease);
    const place = { key, care, mayReserve };
    if (care !== "free" && !turns.canAdmit(place)) {
      return leaveToOthers(origin, `This instance does not admit a turn with care ${care} now.`);
    }
    const leave = turns.admit(place);
    try {
      held = await takeUp(parts, turns, tails, key, stored, agent, deadline, care);
    } finally {
      leave();
    }
  } while (held === "changed");
  await held?.done;
}

/** How a turn came here: from the queue, from a call or a watcher of this instance, or from its sweep, which claimed it. */
export type Origin = "queue" | "offer" | "sweep";

/**
 * A turn that was offered here is offered to one other instance, by a message. That one sends no further message: with many
 * such turns there would be ever more messages. The sweep offers the turn again.
 */
function leaveToOthers(origin: Origin, message: string): void {
  if (origin !== "queue") {
    throw new TaskError({ code: "busy", message, retryAfter: 1 });
  }
}

/**
 * Reads everything that the turn needs before it takes the turn, so that a store that cannot be read costs the turn no
 * attempt. Resolves to `changed` if the task has changed since, and to undefined if there is nothing to run here.
 */
async function takeUp(
  parts: EngineParts,
  turns: HeldTurns,
  tails: Tails,
  key: TaskKey,
  stored: StoredTask,
  agent: Agent,
  deadline: number,
  care: Care,
): Promise<HeldTurn | "changed" | undefined> {
  const { clock, logger, random, rules } = parts;
  const { turn } = stored.head;
  const nonce = random.id();
  const take = (head: Head): Decision => {
    const by = { ...writerOf(parts, nonce), isAlone: care === "alone" };
    return rules.take(head, key.taskId, turn, agent.onCrash, by);
  };
  if ("refused" in take(stored.head)) {
    return undefined;
  }
  const at = stored.task.history.findLastIndex(({ role }) => role === Role.ROLE_USER);
  const userMessage = stored.task.history[at];
  const input = userMessage && {
    taskId: key.taskId,
    contextId: stored.head.contextId,
    message: userMessage,
    references: await readReferences(parts, key.scope, userMessage),
    saved: await retry(parts, deadline, () => readCheckpoint(parts, key, stored.head)),
    earlier: await retry(parts, deadline, () => readEarlierAttempts(parts, key, stored.head)),
  };
  let hasChanged = false;
  let since = clock.monotonic();
  const outcome = await transact(parts, {
    key,
    from: stored,
    decide(head) {
      hasChanged = head !== undefined && !isSame(head, stored.head);
      since = clock.monotonic();
      return head && !hasChanged ? take(head) : { refused: { code: "idle" } };
    },
    deadline,
  });
  if (outcome.code !== "committed") {
    return hasChanged ? "changed" : undefined;
  }
  const { version, change } = outcome;
  tails.publish(key, change.events, version.head);
  parts.outbox.committed(key, change.head);
  logger.info("turn.taken", { taskId: key.taskId, turn, epoch: version.head.epoch, crashes: version.head.attempts });
  if (isTerminal(change.head.state)) {
    await indexEndedTask(parts, key, change.head);
    return undefined;
  }
  if (!input) {
    logger.error("turn.take-up-failed", { taskId: key.taskId, reason: "no-user-message" });
    return undefined;
  }
  const task = change.events.reduce((folded, event) => fold(folded, event.response, event.message), stored.task);
  return turns.start({
    agent,
    input: {
      ...input,
      history: task.history.slice(0, at),
      caller: version.head.caller,
      attempt: version.head.attempts + 1,
    },
    open: openRow(parts, key, version.head.agent, turn),
    writer: { key, nonce, from: { version, task }, since },
    deferFor: 0,
    care,
  });
}

/** Whether the log is as it was read. A request to cancel changes the head, but not these fields. */
function isSame(head: Head, read: Head): boolean {
  return head.epoch === read.epoch && head.seq === read.seq && head.generation === read.generation;
}

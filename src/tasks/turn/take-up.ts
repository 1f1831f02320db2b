import { Role } from "@a2a-js/sdk";
import type { TurnMessage } from "../../ports/work-queue.ts";
import type { EngineParts } from "../engine-parts.ts";
import { indexEndedTask, openRow } from "../lists/task-lists.ts";
import { fold } from "../log/fold.ts";
import type { HeldTurn, HeldTurns } from "./held-turns.ts";
import { readReferences, readTask } from "../log/read-task.ts";
import { retry } from "../retry.ts";
import { readCheckpoint, readEarlierAttempts } from "./steps.ts";
import type { Tails } from "../watch/tails.ts";
import { isTerminal } from "../log/task-state.ts";
import { transact, writerOf } from "../log/transact.ts";

/**
 * Takes the turn that a work message names, if the head allows it, and runs it here. A late, duplicate or stale message
 * does nothing. Resolves when all work of the turn is done here.
 * @throws TaskError `busy` when this instance's limit is reached, `unavailable`: deliver the message again later
 */
export async function workOn(parts: EngineParts, turns: HeldTurns, tails: Tails, message: TurnMessage): Promise<void> {
  const { clock, random, registry, rules, settings } = parts;
  const key = { scope: message.scope, taskId: message.taskId };
  const deadline = clock.monotonic() + settings.lease;
  const stored = await retry(parts, deadline, () => readTask(parts, key));
  if (!stored || stored.head.turn !== message.turn || isTerminal(stored.head.state)) {
    return;
  }
  const agent = registry.find(stored.head.agent, stored.head.major);
  if (!agent) {
    const { agent: id, major } = stored.head;
    parts.logger.warn("turn.take-up-failed", { taskId: key.taskId, reason: "unknown-agent", agent: id, major });
    return;
  }
  // Undefined when another instance takes the turn, or ends it, first.
  const takeUp = async (): Promise<HeldTurn | undefined> => {
    const nonce = random.id();
    const since = clock.monotonic();
    const outcome = await transact(parts, {
      key,
      from: stored,
      decide: (head) =>
        head
          ? rules.take(head, key.taskId, message.turn, agent.onCrash, writerOf(parts, nonce))
          : { refused: { code: "idle" } },
      deadline,
    });
    if (outcome.code !== "committed") {
      return undefined;
    }
    const { version, change } = outcome;
    tails.publish(key, change.events, version.head);
    parts.outbox.committed(key, change.head);
    parts.logger.info("turn.taken", {
      taskId: key.taskId,
      turn: message.turn,
      epoch: version.head.epoch,
      crashes: version.head.attempts,
    });
    if (isTerminal(change.head.state)) {
      await indexEndedTask(parts, key, change.head);
      return undefined;
    }
    const known = stored.head.generation + change.events.length === change.head.generation;
    const task = known
      ? change.events.reduce((folded, event) => fold(folded, event.response, event.message), stored.task)
      : (await retry(parts, deadline, () => readTask(parts, key)))?.task;
    const at = task?.history.findLastIndex(({ role }) => role === Role.ROLE_USER) ?? -1;
    const userMessage = task?.history[at];
    if (!task || !userMessage) {
      parts.logger.error("turn.take-up-failed", { taskId: key.taskId, reason: "no-user-message" });
      return undefined;
    }
    const before = { ...version.head, generation: change.head.generation - change.events.length };
    return turns.start({
      agent,
      input: {
        taskId: key.taskId,
        contextId: version.head.contextId,
        message: userMessage,
        history: task.history.slice(0, at),
        references: await readReferences(parts, key.scope, userMessage),
        caller: version.head.caller,
        attempt: version.head.attempts + 1,
        saved: await retry(parts, deadline, () => readCheckpoint(parts, key, version.head)),
        earlier: await retry(parts, deadline, () => readEarlierAttempts(parts, key, before)),
      },
      open: openRow(parts, key, version.head.agent, message.turn),
      writer: { key, nonce, from: { version, task }, since },
      deferFor: 0,
    });
  };
  const leave = turns.admit();
  let held: HeldTurn | undefined;
  try {
    held = await takeUp();
  } finally {
    leave();
  }
  await held?.done;
}

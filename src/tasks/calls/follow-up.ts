import type { Message, TaskPushNotificationConfig } from "@a2a-js/sdk";
import type { TaskKey } from "../../ports/task-log.ts";
import { copyOf } from "./started-turn.ts";
import type { StartedTurn, StartMode, StartTurn } from "./started-turn.ts";
import type { EngineParts } from "../engine-parts.ts";
import { fold } from "../log/fold.ts";
import type { Head } from "../log/head.ts";
import type { HeldTurns } from "../turn/held-turns.ts";
import type { OfferTurn } from "../turn/offer-turn.ts";
import { findEarlier, toKeyRow } from "./idempotency.ts";
import { openRow } from "../lists/task-lists.ts";
import { isTaskId, readReferences, readTask } from "../log/read-task.ts";
import { retry } from "../retry.ts";
import type { Decision } from "../log/rules.ts";
import { NOTHING_EARLIER, readCheckpoint } from "../turn/steps.ts";
import type { Tails } from "../watch/tails.ts";
import type { Call } from "../task-engine.ts";
import { invalid, TaskError } from "../task-fault.ts";
import { toRefusedError, transact, writerOf } from "../log/transact.ts";
import { callPatience } from "../log/lease.ts";

/** Accepts a message for a task that waits for input, which begins the task's next turn (specification 3.4.3). */
export function createFollowUp(parts: EngineParts, turns: HeldTurns, tails: Tails, offer: OfferTurn): StartTurn {
  const { clock, index, outbox, random, registry, rules, settings } = parts;
  return followUp;

  async function followUp(
    call: Call,
    key: TaskKey,
    message: Message,
    mode: StartMode,
    config: TaskPushNotificationConfig | undefined,
  ): Promise<StartedTurn> {
    const deadline = clock.monotonic() + callPatience(settings.lease);
    const stored = isTaskId(key.taskId) ? await retry(parts, deadline, () => readTask(parts, key)) : undefined;
    if (!stored || stored.head.agent !== call.agent.id) {
      throw new TaskError({ code: "not-found", taskId: message.taskId });
    }
    const { contextId } = stored.head;
    if (message.contextId !== "" && message.contextId !== contextId) {
      throw invalid(
        "message.contextId",
        `does not match the context of task ${key.taskId}; omit it, or send ${contextId}`,
      );
    }
    const agent = registry.find(stored.head.agent, stored.head.major);
    if (!agent) {
      throw new TaskError({
        code: "unsupported",
        message: `Version ${stored.head.major} of agent ${stored.head.agent} is no longer served here. Send the message without taskId to begin a new task.`,
      });
    }
    const isHeld = mode !== "immediate" && agent.runs === "inline";
    const own = { ...copyOf(message), contextId };
    const nonce = random.id();
    const decide = (head: Head | undefined): Decision => {
      if (!head || head.turn !== stored.head.turn) {
        const text =
          "Another message continued this task first. Get the task, then decide whether to send this one again.";
        return { refused: { code: "unsupported", message: text } };
      }
      const withConfig = config ? { ...head, pushConfigs: head.pushConfigs + 1 } : head;
      return rules.acceptMessage(withConfig, key.taskId, own, isHeld, writerOf(parts, nonce));
    };
    const keyRow =
      call.idempotencyKey === undefined ? undefined : toKeyRow(call.idempotencyKey, message, stored.head.turn + 1);
    const earlier = keyRow && (await findEarlier(parts, key, keyRow));
    if (earlier) {
      return earlier;
    }
    const rows = [
      ...(keyRow ? [keyRow] : []),
      ...(config ? [await retry(parts, deadline, () => outbox.toRow(call, config, key, stored.head))] : []),
    ];
    const preview = decide(stored.head);
    if ("refused" in preview) {
      throw toRefusedError(preview.refused, key.taskId);
    }
    const accept = async (): Promise<StartedTurn> => {
      const open = openRow(parts, key, agent.id, stored.head.turn + 1);
      await retry(parts, deadline, () => index.putOpen(open));
      const since = clock.monotonic();
      const outcome = await transact(parts, { key, from: stored, decide, rows, deadline });
      if (outcome.code === "refused") {
        const concurrent = keyRow && (await findEarlier(parts, key, keyRow));
        if (concurrent) {
          return concurrent;
        }
        throw toRefusedError(outcome.refusal, key.taskId);
      }
      const { version, change } = outcome;
      tails.publish(key, change.events, version.head);
      outbox.committed(key, change.head);
      // If this fails the sweep deletes the row, because its turn is over.
      index.deleteOpen({ ...open, turn: stored.head.turn }).catch(() => {});
      const task = change.events.reduce((folded, event) => fold(folded, event.response, event.message), stored.task);
      const snapshot = { task, generation: change.head.generation };
      if (!isHeld) {
        const offered = offer({ kind: "turn", ...key, agent: agent.id, turn: open.turn });
        call.waitUntil?.(offered);
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
    };
    const leave = isHeld ? turns.admit() : undefined;
    try {
      return await accept();
    } finally {
      leave?.();
    }
  }
}

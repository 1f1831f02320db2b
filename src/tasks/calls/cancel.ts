import type { TaskKey } from "../../ports/task-log.ts";
import { delay } from "../../ports/clock.ts";
import type { EngineParts } from "../engine-parts.ts";
import { indexEndedTask, openRow } from "../lists/task-lists.ts";
import type { HeldTurns } from "../turn/held-turns.ts";
import { retry } from "../retry.ts";
import type { Decision } from "../log/rules.ts";
import type { Tails } from "../watch/tails.ts";
import { untilTurnEnds } from "../watch/task-events.ts";
import { TaskError } from "../task-fault.ts";
import { isInterrupted, isTerminal } from "../log/task-state.ts";
import { readStoredHead, toRefusedError, transact, writerOf } from "../log/transact.ts";
import type { StoredHead } from "../log/transact.ts";

/**
 * Cancels a task on whichever instance it runs (docs/architecture.md#cancel). A task without a holder ends at once. A
 * holder is asked to end it, and fenced once the deadline has passed. Resolves when the task is canceled.
 * @throws TaskError `not-cancelable` when the task ended in another way first, `not-found`, `unavailable`
 */
export async function cancelTask(
  parts: EngineParts,
  turns: HeldTurns,
  tails: Tails,
  key: TaskKey,
  from: StoredHead,
  signal: AbortSignal,
): Promise<void> {
  const { clock, random, rules, settings } = parts;
  for (let version = from; ;) {
    const nonce = random.id();
    const deadline = clock.monotonic() + settings.lease;
    const decide = (head: StoredHead["head"] | undefined): Decision =>
      head
        ? rules.flagCancel(head, key.taskId, writerOf(parts, nonce))
        : { refused: { code: "not-found", taskId: key.taskId } };
    if (isInterrupted(version.head.state)) {
      // The open row of a task that waits for its caller is due only at INPUT_TIMEOUT. A new one lets the sweep update
      // the lists and webhooks soon if this instance dies right after the commit.
      const open = openRow(parts, key, version.head.agent, version.head.turn);
      await retry(parts, deadline, () => parts.index.putOpen(open));
    }
    const outcome = await transact(parts, { key, from: version, decide, deadline });
    if (outcome.code !== "refused") {
      const { head } = outcome.version;
      tails.publish(key, outcome.change.events, head);
      parts.outbox.committed(key, outcome.change.head);
      if (isTerminal(outcome.change.head.state)) {
        await indexEndedTask(parts, key, head);
        return;
      }
      await notifyHolder(parts, turns, key, head.lease?.holder);
      await untilEndOr(parts, tails, key, head.generation, (head.cancel?.deadline ?? 0) - clock.now(), signal);
    } else if (outcome.refusal.code === "idle") {
      return;
    } else if (outcome.refusal.code === "held") {
      turns.renew(key);
      await untilEndOr(parts, tails, key, version.head.generation, outcome.refusal.until - clock.now(), signal);
    } else {
      throw toRefusedError(outcome.refusal, key.taskId);
    }
    const next = await retry(parts, deadline, () => readStoredHead(parts, key));
    if (!next) {
      throw new TaskError({ code: "not-found", taskId: key.taskId });
    }
    version = next;
  }
}

/** With a hint the holder sees the flag within a second; without one, at its next renewal of the lease. */
async function notifyHolder(
  { inbox, instance, logger }: EngineParts,
  turns: HeldTurns,
  key: TaskKey,
  holder: string | undefined,
): Promise<void> {
  if (holder === undefined || holder === instance) {
    turns.renew(key);
    return;
  }
  try {
    await inbox.put(holder, key);
  } catch (error) {
    logger.warn("inbox.request-failed", { taskId: key.taskId, error: String(error) });
  }
}

async function untilEndOr(
  parts: EngineParts,
  tails: Tails,
  key: TaskKey,
  after: number,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const leave = (): void => stop.abort();
  signal.addEventListener("abort", leave);
  const ended = untilTurnEnds(tails, key, after, stop.signal);
  await Promise.race([ended, delay(parts.clock, Math.max(ms, 0) + 1, stop.signal)]);
  stop.abort();
  signal.removeEventListener("abort", leave);
}

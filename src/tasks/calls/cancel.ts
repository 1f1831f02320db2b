import type { TaskKey } from "../../ports/task-log.ts";
import { delay } from "../../ports/clock.ts";
import type { EngineParts } from "../engine-parts.ts";
import { endElsewhere, openRow } from "../lists/task-lists.ts";
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
 * Cancels a task wherever it runs: ends it at once where nobody holds it; otherwise asks its holder, and past the
 * deadline fences the holder. Resolves when the task is canceled.
 * @throws TaskError `not-cancelable` when it ended in another way first, `unavailable`.
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
      // The sweep would look at a task that waits for its caller when that has lasted too long; should this instance die
      // right after the commit, lists and webhooks are to hear of it sooner.
      const open = openRow(parts, key, version.head.agent, version.head.turn);
      await retry(parts, deadline, () => parts.index.putOpen(open));
    }
    const outcome = await transact(parts, { key, from: version, decide, deadline });
    if (outcome.code !== "refused") {
      const { head } = outcome.version;
      tails.publish(key, outcome.change.events, head);
      parts.outbox.committed(key, outcome.change.head);
      if (isTerminal(outcome.change.head.state)) {
        await endElsewhere(parts, key, head);
        return;
      }
      await tellHolder(parts, turns, key, head.lease?.holder);
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

/** The holder would see the flag when it renews its lease; told, it looks within a second. */
async function tellHolder(
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
    logger.warn("inbox.unreachable", { taskId: key.taskId, error: String(error) });
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

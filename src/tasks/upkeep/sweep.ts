import type { OpenRow } from "../../ports/task-index.ts";
import type { Etag, TaskKey } from "../../ports/task-log.ts";
import { indexEndedTask } from "../lists/task-lists.ts";
import type { EngineParts } from "../engine-parts.ts";
import { SCHEMA } from "../log/head.ts";
import type { Head } from "../log/head.ts";
import type { Decision, Writer } from "../log/rules.ts";
import { UNWATCHED } from "../rounds.ts";
import type { RoundControl } from "../rounds.ts";
import type { Tails } from "../watch/tails.ts";
import { isInterrupted, isTerminal } from "../log/task-state.ts";
import { readStoredHead, transact, writerOf } from "../log/transact.ts";
import type { StoredHead } from "../log/transact.ts";
import { lookAgainAfter, offerAgainAfter, takeableAt } from "../log/lease.ts";

/** Open rows that one sweep reads. */
const ROWS_PER_SWEEP = 500;
/** After this many ms an open row without a task is deleted: its creator has crashed before acknowledging the call. */
const ORPHAN_AGE = 10 * 60_000;

/** What to do with a due row. Times in ms since 1970. */
type SweepAction =
  | { readonly do: "delete" }
  | { readonly do: "finish" }
  | { readonly do: "abandon" }
  | { readonly do: "cancel" }
  | { readonly do: "work"; readonly due: number }
  | { readonly do: "wait"; readonly due: number };

/** The rule of the sweep (docs/architecture.md#the-sweep), in the order given there. */
export function decideSweep(
  row: OpenRow,
  head: Head | undefined,
  now: number,
  lease: number,
  inputTimeout: number,
): SweepAction {
  if (!head || head.turn < row.turn) {
    // The creator's write may still arrive, and the creator may crash after it: look again soon.
    return row.created + ORPHAN_AGE <= now ? { do: "delete" } : { do: "wait", due: now + lookAgainAfter(lease) };
  }
  if (head.turn > row.turn) {
    return { do: "delete" };
  }
  if (head.purging || head.schema > SCHEMA) {
    return { do: "wait", due: now + lookAgainAfter(lease) };
  }
  if (isTerminal(head.state)) {
    return { do: "finish" };
  }
  if (head.cancel) {
    // The instance that handles the cancel call may have crashed.
    return head.cancel.deadline <= now ? { do: "cancel" } : { do: "wait", due: head.cancel.deadline };
  }
  if (isInterrupted(head.state)) {
    const due = head.statusTime + inputTimeout;
    return due <= now ? { do: "abandon" } : { do: "wait", due };
  }
  const takeable = head.lease ? takeableAt(head.lease, lease) : now;
  // The instance that receives the work message may crash before it takes the turn, so look again (decision 0009).
  return takeable > now ? { do: "wait", due: takeable } : { do: "work", due: now + offerAgainAfter(lease) };
}

/**
 * Handles every due row. Any number of instances may do so at once: a row is claimed first. Resolves to the number of
 * rows. @throws StoreError when the rows could not be listed
 */
export async function sweep(
  parts: EngineParts,
  tails: Tails,
  { signal, progress }: RoundControl = UNWATCHED,
): Promise<number> {
  const due = await parts.index.listDue(parts.clock.now(), ROWS_PER_SWEEP);
  for (const { row, etag } of due) {
    progress();
    if (signal.aborted) {
      break;
    }
    try {
      await sweepRow(parts, tails, row, etag);
    } catch (error) {
      parts.logger.warn("sweep.failed", { taskId: row.taskId, error: String(error) });
    }
  }
  return due.length;
}

async function sweepRow(parts: EngineParts, tails: Tails, row: OpenRow, etag: Etag): Promise<void> {
  const { clock, index, queue, rules, settings } = parts;
  const key = { scope: row.scope, taskId: row.taskId };
  const version = await readStoredHead(parts, key);
  const action = decideSweep(row, version?.head, clock.now(), settings.lease, settings.inputTimeout);
  if (action.do === "delete") {
    // Conditional, because another instance may have written the row again for a turn that begins now.
    return index.deleteOpen(row, etag);
  }
  const isDelivered = !version || version.head.pushConfigs === 0 || !(await parts.outbox.remind(key, version.head));
  const soon = clock.now() + settings.lease;
  // The instance that receives the delivery message may crash, so look again soon even if the task itself is due later.
  const due = "due" in action && (isDelivered || action.due < soon) ? action.due : soon;
  if (!(await index.claimOpen(row, etag, due))) {
    return;
  }
  switch (action.do) {
    case "finish":
      return version && indexEndedTask(parts, key, version.head, isDelivered);
    case "abandon":
      return (
        version &&
        end(parts, tails, key, version, (head, by) => rules.endAbandoned(head, key.taskId, settings.inputTimeout, by))
      );
    case "cancel":
      return version && end(parts, tails, key, version, (head, by) => rules.flagCancel(head, key.taskId, by));
    case "work":
      parts.logger.info("turn.enqueued", { taskId: row.taskId, turn: row.turn });
      return queue.send({ kind: "turn", ...key, agent: row.agent, turn: row.turn });
    case "wait":
  }
}

async function end(
  parts: EngineParts,
  tails: Tails,
  key: TaskKey,
  from: StoredHead,
  decide: (head: Head, by: Writer) => Decision,
): Promise<void> {
  const nonce = parts.random.id();
  const outcome = await transact(parts, {
    key,
    from,
    decide: (head) => (head ? decide(head, writerOf(parts, nonce)) : { refused: { code: "idle" } }),
    deadline: parts.clock.monotonic() + parts.settings.lease,
  });
  if (outcome.code === "committed") {
    tails.publish(key, outcome.change.events, outcome.version.head);
    parts.outbox.committed(key, outcome.change.head);
    await indexEndedTask(parts, key, outcome.change.head);
  }
}

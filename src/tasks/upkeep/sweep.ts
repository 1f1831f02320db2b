import type { OpenRow } from "../../ports/task-index.ts";
import type { Etag, TaskKey } from "../../ports/task-log.ts";
import { endElsewhere } from "../lists/task-lists.ts";
import type { EngineParts } from "../engine-parts.ts";
import { SCHEMA } from "../log/head.ts";
import type { Head } from "../log/head.ts";
import type { Decision, Writer } from "../log/rules.ts";
import type { Tails } from "../watch/tails.ts";
import { isInterrupted, isTerminal } from "../log/task-state.ts";
import { readStoredHead, transact, writerOf } from "../log/transact.ts";
import type { StoredHead } from "../log/transact.ts";
import { lookAgainAfter, offerAgainAfter, takeableAt } from "../log/lease.ts";

/** Open rows looked at in one pass. */
const ROWS_PER_SWEEP = 500;
/** A row without a task may still get one while its creator lives; after this many ms nobody was told of it. */
const ORPHAN_AGE = 10 * 60_000;

/** What to do about a due row. Times in ms since the epoch. */
type SweepAction =
  | { readonly do: "delete" }
  | { readonly do: "finish" }
  | { readonly do: "abandon" }
  | { readonly do: "cancel" }
  | { readonly do: "work"; readonly due: number }
  | { readonly do: "wait"; readonly due: number };

/** The rule of the sweep (DESIGN 3.3), in its order. */
export function decideSweep(
  row: OpenRow,
  head: Head | undefined,
  now: number,
  lease: number,
  inputTimeout: number,
): SweepAction {
  if (!head || head.turn < row.turn) {
    // Its creator's write may still be on its way, and then die with it: look again soon.
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
    // Whoever asked may be gone.
    return head.cancel.deadline <= now ? { do: "cancel" } : { do: "wait", due: head.cancel.deadline };
  }
  if (isInterrupted(head.state)) {
    const due = head.statusTime + inputTimeout;
    return due <= now ? { do: "abandon" } : { do: "wait", due };
  }
  const takeable = head.lease ? takeableAt(head.lease, lease) : now;
  // Whoever is told to work may die, and with it the message: three leases leave room for that (decision 0009).
  return takeable > now ? { do: "wait", due: takeable } : { do: "work", due: now + offerAgainAfter(lease) };
}

/** Looks at every due row. Any number of instances may do so: a row is claimed before it is acted on. */
export async function sweep(parts: EngineParts, tails: Tails): Promise<number> {
  const due = await parts.index.listDue(parts.clock.now(), ROWS_PER_SWEEP);
  for (const { row, etag } of due) {
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
    // Not after somebody put it again, for a turn that begins right now.
    return index.deleteOpen(row, etag);
  }
  const isHeard = !version || version.head.pushConfigs === 0 || !(await parts.outbox.remind(key, version.head));
  const soon = clock.now() + settings.lease;
  // Whoever is told of a webhook that lags may die too: that is not to wait for as long as the task does.
  const due = "due" in action && (isHeard || action.due < soon) ? action.due : soon;
  if (!(await index.claimOpen(row, etag, due))) {
    return;
  }
  switch (action.do) {
    case "finish":
      return version && endElsewhere(parts, key, version.head, isHeard);
    case "abandon":
      return (
        version &&
        end(parts, tails, key, version, (head, by) => rules.endAbandoned(head, key.taskId, settings.inputTimeout, by))
      );
    case "cancel":
      return version && end(parts, tails, key, version, (head, by) => rules.flagCancel(head, key.taskId, by));
    case "work":
      parts.logger.info("sweep.work", { taskId: row.taskId, turn: row.turn });
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
    await endElsewhere(parts, key, outcome.change.head);
  }
}

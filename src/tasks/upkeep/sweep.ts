import type { OpenRow } from "../../ports/task-index.ts";
import type { Etag, TaskKey } from "../../ports/task-log.ts";
import { indexEndedTask } from "../lists/task-lists.ts";
import type { EngineParts } from "../engine-parts.ts";
import { SCHEMA } from "../log/head.ts";
import type { Head } from "../log/head.ts";
import type { Decision, Writer } from "../log/rules.ts";
import { UNWATCHED } from "../rounds.ts";
import type { RoundControl } from "../rounds.ts";
import type { OfferTurn } from "../turn/offer-turn.ts";
import type { Tails } from "../watch/tails.ts";
import { isInterrupted, isTerminal } from "../log/task-state.ts";
import { readStoredHead, transact, writerOf } from "../log/transact.ts";
import type { StoredHead } from "../log/transact.ts";
import { lookAgainAfter, offerAgainAfter, takeableAt } from "../log/lease.ts";

/** Open rows that one sweep reads. */
const ROWS_PER_SWEEP = 500;
/** Passes of one sweep while each of them is full. */
const ROUNDS = 10;
/** Rows looked at at once. */
const AT_ONCE = 8;
/** Turns that wait and are remembered. */
const MAX_WAITING = 10_000;
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
export function createSweep(
  parts: EngineParts,
  tails: Tails,
  offer: OfferTurn,
): (control?: RoundControl) => Promise<number> {
  const { clock, index, logger, outbox, registry, rules, settings } = parts;
  const waiting = createWaiting();

  return async ({ signal, progress } = UNWATCHED) => {
    let looked = 0;
    for (let round = 0, isFull = true; isFull && round < ROUNDS; round += 1) {
      const due = await index.listDue(clock.now(), ROWS_PER_SWEEP);
      isFull = due.length === ROWS_PER_SWEEP;
      looked += due.length;
      // Turns that nothing runs come before webhooks that lag.
      const reminders: (() => Promise<void>)[] = [];
      await inGroups(due, async ({ row, etag }) => {
        progress();
        if (!signal.aborted) {
          await quietly(row, async () => {
            const remind = await sweepRow(row, etag);
            if (remind) {
              reminders.push(() => quietly(row, remind));
            }
          });
        }
      });
      await inGroups(reminders, async (remind) => {
        progress();
        if (!signal.aborted) {
          await remind();
        }
      });
      if (signal.aborted) {
        break;
      }
    }
    return looked;
  };

  async function quietly(row: OpenRow, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      logger.warn("sweep.failed", { taskId: row.taskId, error: String(error) });
    }
  }

  /** Resolves to what remains to be done for the task's webhooks, if it has any. */
  async function sweepRow(row: OpenRow, etag: Etag): Promise<(() => Promise<void>) | undefined> {
    const key = { scope: row.scope, taskId: row.taskId };
    const version = await readStoredHead(parts, key);
    const action = decideSweep(row, version?.head, clock.now(), settings.lease, settings.inputTimeout);
    if (action.do === "delete") {
      // Unless it was put again meanwhile, for a turn that begins now.
      await index.deleteOpen(row, etag);
      return undefined;
    }
    const soon = clock.now() + settings.lease;
    const hasWebhooks = version !== undefined && version.head.pushConfigs > 0;
    // An instance that reminds a webhook may die too: that must not wait for as long as the task does.
    const due = "due" in action && (!hasWebhooks || action.due < soon) ? action.due : soon;
    if (!(await index.claimOpen(row, etag, due))) {
      return undefined;
    }
    if (version) {
      await act(action, row, key, version, hasWebhooks);
    }
    return hasWebhooks ? () => remindWebhooks(action, row, key, version.head, due) : undefined;
  }

  async function act(
    action: SweepAction,
    row: OpenRow,
    key: TaskKey,
    version: StoredHead,
    hasWebhooks: boolean,
  ): Promise<void> {
    const waited = waiting.since(row, action.do === "work" ? version.head.epoch : undefined, clock.monotonic());
    switch (action.do) {
      case "finish":
        return hasWebhooks ? undefined : indexEndedTask(parts, key, version.head);
      case "abandon":
        return end(parts, tails, key, version, (head, by) =>
          rules.endAbandoned(head, key.taskId, settings.inputTimeout, by),
        );
      case "cancel":
        return end(parts, tails, key, version, (head, by) => rules.flagCancel(head, key.taskId, by));
      case "work":
        if (waited > settings.turnTimeout) {
          return end(parts, tails, key, version, (head, by) =>
            rules.endUnrun(head, key.taskId, row.turn, whyUnrun(version.head), by),
          );
        }
        logger.info("turn.offered", { taskId: row.taskId, turn: row.turn });
        void offer({ kind: "turn", ...key, agent: row.agent, turn: row.turn });
        return undefined;
      default:
    }
  }

  function whyUnrun({ agent, major }: Head): string {
    return registry.find(agent, major)
      ? `No instance could run the agent within ${Math.round(settings.turnTimeout / 1_000)} seconds.`
      : `Version ${major} of agent ${agent} is not served any more.`;
  }

  /** A webhook that waits for its next attempt is looked at after that. */
  async function remindWebhooks(
    action: SweepAction,
    row: OpenRow,
    key: TaskKey,
    head: Head,
    claimed: number,
  ): Promise<void> {
    const lookAgain = await outbox.remind(key, head);
    if (action.do === "finish") {
      return indexEndedTask(parts, key, head, lookAgain);
    }
    const next = "due" in action ? Math.min(action.due, lookAgain ?? Infinity) : claimed;
    if (next > claimed) {
      await index.putOpen({ ...row, due: next });
    }
  }
}

/** How long this instance has seen turns that nothing runs. An instance that has just started knows of none. */
function createWaiting(): { since(row: OpenRow, epoch: number | undefined, now: number): number } {
  const seen = new Map<string, { readonly epoch: number; readonly since: number }>();
  return {
    /** Ms; `epoch` is undefined if the turn does not wait. */
    since(row, epoch, now) {
      const name = `${row.scope}.${row.taskId}.${row.turn}`;
      const before = seen.get(name);
      if (epoch === undefined || (before && before.epoch !== epoch)) {
        seen.delete(name);
      }
      if (epoch === undefined) {
        return 0;
      }
      const since = before?.epoch === epoch ? before.since : now;
      seen.set(name, { epoch, since });
      if (seen.size > MAX_WAITING) {
        seen.delete(seen.keys().next().value ?? name);
      }
      return now - since;
    },
  };
}

async function inGroups<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += AT_ONCE) {
    await Promise.all(items.slice(at, at + AT_ONCE).map(run));
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

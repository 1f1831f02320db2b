import type { Task } from "@a2a-js/sdk";
import type { Etag, LogRow, LogWrite, TaskKey } from "../../ports/task-log.ts";
import { StoreError } from "../../ports/store-error.ts";
import { encodeHead, parseHead } from "./head.ts";
import type { Head } from "./head.ts";
import { storeLargeContent, hasLargeContent, partsOf } from "./large-content.ts";
import { encodeEvent, encodeSnapshot, eventKey, isOversize, storeBody } from "./rows.ts";
import type { LogEvent } from "./rows.ts";
import { backOff, retry } from "../retry.ts";
import type { Change, Decision, Refusal, Writer } from "./rules.ts";
import { endsTurn } from "./task-state.ts";
import type { TaskParts } from "../engine-parts.ts";
import { TaskError } from "../task-fault.ts";

/** A head as it was last seen in the store. */
export interface StoredHead {
  readonly head: Head;
  readonly etag: Etag;
}

/**
 * - `committed`: the change is in the log. `version.head` may be ahead of it where others flagged the task since.
 * - `superseded`: it is in the log, but another epoch began after it.
 */
export type Outcome =
  | {
      readonly code: "committed";
      readonly version: StoredHead;
      readonly change: Change;
      /** The task after the change as JSON text, where a snapshot that holds all of it went with the change. */
      readonly taskJson?: string | undefined;
    }
  | { readonly code: "superseded"; readonly version: StoredHead; readonly change: Change }
  | { readonly code: "refused"; readonly refusal: Refusal };

export interface Transaction {
  readonly key: TaskKey;
  /** The head to start from; absent to create the task. */
  readonly from: StoredHead | undefined;
  /** Called again with the newer head after somebody else changed it. */
  readonly decide: (head: Head | undefined) => Decision;
  /** Further rows of the same transaction. */
  readonly rows?: readonly LogRow[];
  /** The folded task after the change, for writers that know it: lets the snapshot be renewed. */
  readonly taskAfter?: (change: Change) => Task;
  /** Monotonic ms after which an unreachable store ends the attempt. */
  readonly deadline: number;
}

/**
 * One change of one task, whatever the store answers. After any outcome but a success the head is read again:
 * the store's word for it may have been lost while the change took effect (DESIGN 3.2).
 * @throws TaskError `unavailable` when the store could not say by the deadline; the change may still appear.
 */
export async function transact(
  parts: TaskParts,
  { key, from, decide, rows: further = [], taskAfter, deadline }: Transaction,
): Promise<Outcome> {
  let version = from;
  for (;;) {
    const decision = decide(version?.head);
    if ("refused" in decision) {
      return { code: "refused", refusal: decision.refused };
    }
    if (decision.change.events.some(hasUnstoredContent)) {
      await storeContent(parts, key, decision.change, deadline);
    }
    const { change, rows, taskJson } = encodeChange(decision.change, further, taskAfter);
    const writes = rows.some(({ row }) => isOversize(row)) ? await storeBodies(parts, key, rows, deadline) : rows;
    const head = encodeHead(change.head);
    let current = version;
    // The same bytes go again while the head is as it was: a late arrival of an earlier attempt changes nothing.
    for (let attempt = 0; current?.etag === version?.etag; attempt += 1) {
      if (attempt > 0) {
        await backOff(parts, attempt - 1, deadline);
      }
      try {
        const etag = version
          ? await parts.log.append(key, head, writes, version.etag)
          : await parts.log.create(key, head, writes);
        return { code: "committed", version: { head: change.head, etag }, change, taskJson };
      } catch (error) {
        if (!(error instanceof StoreError) || error.fault.code === "rejected") {
          throw error;
        }
        current = await retry(parts, deadline, () => readStoredHead(parts, key));
      }
    }
    const outcome = await explain(parts, key, version, current, change, deadline);
    if (outcome) {
      return outcome;
    }
    version = current;
  }
}

/** What became of `change` now that the head reads `current`; undefined when it never took effect. */
async function explain(
  parts: TaskParts,
  key: TaskKey,
  before: StoredHead | undefined,
  current: StoredHead | undefined,
  change: Change,
  deadline: number,
): Promise<Outcome | undefined> {
  if (!current) {
    return before ? { code: "refused", refusal: { code: "not-found", taskId: key.taskId } } : undefined;
  }
  const { epoch, nonce, seq } = change.head;
  if (current.head.nonce === nonce) {
    return current.head.seq >= seq && seq !== before?.head.seq
      ? { code: "committed", version: current, change }
      : undefined;
  }
  const beganEpoch = epoch !== before?.head.epoch;
  const first = change.events[0];
  if (beganEpoch && first && current.head.epoch > epoch && current.head.generation >= first.generation) {
    const row = await retry(parts, deadline, () => parts.log.readRow(key, eventKey(first.generation)));
    if (row?.includes(nonce)) {
      return { code: "superseded", version: current, change };
    }
  }
  return undefined;
}

export async function readStoredHead(parts: TaskParts, key: TaskKey): Promise<StoredHead | undefined> {
  const row = await parts.log.readHead(key);
  return row && { head: parseHead(row.body), etag: row.etag };
}

type RowWrite = Extract<LogWrite, { readonly row: LogRow }>;

interface EncodedChange {
  readonly change: Change;
  readonly rows: readonly RowWrite[];
  readonly taskJson?: string;
}

function encodeChange(
  { head, events }: Change,
  further: readonly LogRow[],
  taskAfter: Transaction["taskAfter"],
): EncodedChange {
  const encoded = events.map(encodeEvent);
  const rows = encoded.map(({ row }): RowWrite => ({ op: "insert", row }));
  const stored = encoded.map(({ event }) => event);
  const tailBytes = rows.reduce((sum, { row }) => sum + row.body.length, head.tailBytes);
  for (const row of further) {
    rows.push({ op: "put", row });
  }
  if (!taskAfter || !isSnapshotDue(head, events.length, tailBytes)) {
    return { change: { head: { ...head, tailBytes }, events: stored }, rows };
  }
  const { row, json } = encodeSnapshot(head.generation, taskAfter({ head, events }));
  rows.push({ op: "put", row });
  const next = { ...head, snapshot: head.generation, snapshotBytes: row.body.length, tailBytes: 0 };
  return { change: { head: next, events: stored }, rows, ...(json !== undefined && { taskJson: json }) };
}

function hasUnstoredContent({ response, message }: LogEvent): boolean {
  return hasLargeContent(partsOf(response, message));
}

/** Large content goes ahead of the transaction that points at it. */
async function storeContent(parts: TaskParts, key: TaskKey, { events }: Change, deadline: number): Promise<void> {
  for (const { response, message } of events) {
    const content = partsOf(response, message);
    if (hasLargeContent(content)) {
      await retry(parts, deadline, () => storeLargeContent(parts.payloads, key, content));
    }
  }
}

function storeBodies(parts: TaskParts, key: TaskKey, rows: readonly RowWrite[], deadline: number): Promise<RowWrite[]> {
  return Promise.all(
    rows.map(async ({ op, row }) => ({
      op,
      row: isOversize(row) ? await retry(parts, deadline, () => storeBody(parts.payloads, key, row)) : row,
    })),
  );
}

/** At a turn's end, or when reading the events after it would cost more than reading the snapshot itself. */
function isSnapshotDue(head: Head, events: number, tailBytes: number): boolean {
  return events > 0 && (endsTurn(head.state) || tailBytes > Math.max(64 * 1024, head.snapshotBytes));
}

/** This instance, as the rules see a writer, at this moment. */
export function writerOf({ clock, instance, settings }: TaskParts, nonce: string): Writer {
  return { holder: instance, nonce, now: clock.now(), lease: settings.lease };
}

/** What a refused change tells the caller, for whom it is the same which other instance was first. */
export function toRefusedError(refusal: Refusal, taskId: string): TaskError {
  switch (refusal.code) {
    case "fenced":
    case "idle":
    case "held":
      return new TaskError({ code: "unsupported", message: `Task ${taskId} is being worked on. Try again later.` });
    default:
      return new TaskError(refusal);
  }
}

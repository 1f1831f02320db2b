import type { Task } from "@a2a-js/sdk";
import type { Etag, LogRow, LogWrite, TaskKey } from "../../ports/task-log.ts";
import { StoreError } from "../../ports/store-error.ts";
import { encodeHead, parseHead } from "./head.ts";
import type { Head } from "./head.ts";
import { storeLargeContent, hasLargeContent, partsOf } from "./large-content.ts";
import { encodeEvent, encodeSnapshot, eventKey, isOversize, readBody, SNAPSHOT, storeBody } from "./rows.ts";
import type { LogEvent } from "./rows.ts";
import { backOff, retry, retryInTime } from "../retry.ts";
import type { Change, Decision, Refusal, Writer } from "./rules.ts";
import { endsTurn } from "./task-state.ts";
import type { TaskParts } from "../engine-parts.ts";
import { TaskError } from "../task-fault.ts";

/** A head and its etag, as last read from the store. */
export interface StoredHead {
  readonly head: Head;
  readonly etag: Etag;
}

/**
 * - `committed`: the change is in the log. `version.head` may be newer, if another instance flagged the task since.
 * - `superseded`: the change is in the log, but another epoch began after it.
 * - `refused`: the rule made no change.
 */
export type Outcome =
  | {
      readonly code: "committed";
      readonly version: StoredHead;
      readonly change: Change;
      /** The task after the change as JSON text, when the change included a snapshot that holds all of it. */
      readonly taskJson?: string | undefined;
    }
  | { readonly code: "superseded"; readonly version: StoredHead; readonly change: Change }
  | { readonly code: "refused"; readonly refusal: Refusal };

export interface Transaction {
  readonly key: TaskKey;
  /** The head to start from; absent to create the task. */
  readonly from: StoredHead | undefined;
  /** Called again with the newer head when another writer changed it. */
  readonly decide: (head: Head | undefined) => Decision;
  /** Further rows for the same transaction. */
  readonly rows?: readonly LogRow[];
  /** Computes the task after the change, so that a new snapshot can be written. */
  readonly taskAfter?: (change: Change) => Task;
  /** When to give up if the store does not answer, in ms of the monotonic clock. */
  readonly deadline: number;
  /** The same for content that rows refer to; by default the same time. */
  readonly contentDeadline?: number;
}

/** Content that the change refers to could not be stored in time. No row was written. */
export class ContentUnavailable extends TaskError {
  override readonly name = "ContentUnavailable";
}

/**
 * Commits one change of one task. After any answer but a success the head is read again, because the change may have
 * taken effect although its answer was lost (docs/architecture.md#the-commit-protocol).
 * @throws TaskError `unavailable` when the outcome is unknown at the deadline; the change may still take effect
 */
export async function transact(
  parts: TaskParts,
  { key, from, decide, rows: further = [], taskAfter, deadline, contentDeadline = deadline }: Transaction,
): Promise<Outcome> {
  let version = from;
  for (;;) {
    let decision = decide(version?.head);
    if ("change" in decision && decision.change.events.some(hasUnstoredContent)) {
      await storeContent(parts, key, decision.change, contentDeadline);
      // That took time, and a lease begins with the decision.
      decision = decide(version?.head);
    }
    if ("refused" in decision) {
      return { code: "refused", refusal: decision.refused };
    }
    const encoded = encodeChange(decision.change, further, taskAfter);
    const { change, rows, taskJson } = encoded.rows.some(({ row }) => isOversize(row))
      ? await storeBodies(parts, key, encoded, contentDeadline, () => encodeChange(decision.change, further, undefined))
      : encoded;
    const head = encodeHead(change.head);
    let current = version;
    // Send the same bytes again while the head is unchanged: it does no harm if an earlier attempt arrives late.
    let cause: unknown;
    for (let attempt = 0; current?.etag === version?.etag; attempt += 1) {
      if (attempt > 0) {
        await backOff(parts, attempt - 1, deadline, cause);
      }
      try {
        const etag = version
          ? await parts.log.append(key, head, rows, version.etag)
          : await parts.log.create(key, head, rows);
        return { code: "committed", version: { head: change.head, etag }, change, taskJson };
      } catch (error) {
        if (!(error instanceof StoreError) || error.fault.code === "rejected") {
          throw error;
        }
        cause = error;
        current = await retry(parts, deadline, () => readStoredHead(parts, key));
      }
    }
    const outcome = await resolveOutcome(parts, key, version, current, change, deadline);
    if (outcome) {
      return outcome;
    }
    version = current;
  }
}

/** The outcome of `change`, given the head that is stored now; undefined when it did not take effect. */
async function resolveOutcome(
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
    // A flag changes neither: whether it is there is decided again. A take of a turn may begin with the number it had before.
    const isNew = epoch !== before?.head.epoch || seq !== before.head.seq;
    return current.head.seq >= seq && isNew ? { code: "committed", version: current, change } : undefined;
  }
  const beganEpoch = epoch !== before?.head.epoch;
  const first = change.events[0];
  if (beganEpoch && first && current.head.epoch > epoch && current.head.generation >= first.generation) {
    const row = await retry(parts, deadline, () => parts.log.readRow(key, eventKey(first.generation)));
    // A large row is a payload, and the row only points at it.
    const body = row && (await retry(parts, deadline, () => readBody(parts.payloads, key, row)));
    if (body?.includes(nonce)) {
      return { code: "superseded", version: current, change };
    }
  }
  return undefined;
}

/** Undefined when there is no such task. @throws StoreError */
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

/** Stores large content before the transaction that points at it. */
async function storeContent(parts: TaskParts, key: TaskKey, { events }: Change, deadline: number): Promise<void> {
  for (const { response, message } of events) {
    const content = partsOf(response, message);
    if (hasLargeContent(content)) {
      await inTime(retryInTime(parts, deadline, () => storeLargeContent(parts.payloads, key, content)));
    }
  }
}

/**
 * Stores bodies that are too large for rows. A snapshot only makes reading cheaper: if it cannot be stored, the change is
 * written without it.
 */
async function storeBodies(
  parts: TaskParts,
  key: TaskKey,
  encoded: EncodedChange,
  deadline: number,
  withoutSnapshot: () => EncodedChange,
): Promise<EncodedChange> {
  const store = async ({ op, row }: RowWrite): Promise<RowWrite> => {
    const body = isOversize(row)
      ? await inTime(retryInTime(parts, deadline, () => storeBody(parts.payloads, key, row)))
      : row;
    return { op, row: body };
  };
  const isSnapshot = ({ row }: RowWrite): boolean => row.key === SNAPSHOT;
  const rows = await Promise.all(encoded.rows.filter((write) => !isSnapshot(write)).map(store));
  try {
    return { ...encoded, rows: [...rows, ...(await Promise.all(encoded.rows.filter(isSnapshot).map(store)))] };
  } catch (error) {
    if (!(error instanceof ContentUnavailable)) {
      throw error;
    }
    return { ...withoutSnapshot(), rows };
  }
}

async function inTime<T>(storing: Promise<T>): Promise<T> {
  try {
    return await storing;
  } catch (error) {
    throw error instanceof TaskError ? new ContentUnavailable(error.fault, { cause: error }) : error;
  }
}

/** At the end of a turn, or when the events after the last snapshot are larger than the snapshot. */
function isSnapshotDue(head: Head, events: number, tailBytes: number): boolean {
  return events > 0 && (endsTurn(head.state) || tailBytes > Math.max(64 * 1024, head.snapshotBytes));
}

/** This instance as a writer, at this moment. */
export function writerOf({ clock, instance, settings }: TaskParts, nonce: string): Writer {
  return { holder: instance, nonce, now: clock.now(), lease: settings.lease };
}

/** The error for the caller of a refused change. It does not matter to the caller which other instance was first. */
export function toRefusedError(refusal: Refusal, taskId: string): TaskError {
  switch (refusal.code) {
    case "fenced":
    case "idle":
    case "held":
      return new TaskError({
        code: "unsupported",
        message: `Task ${taskId} is being changed by another request. Retry later.`,
      });
    default:
      return new TaskError(refusal);
  }
}

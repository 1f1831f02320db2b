import { Message, StreamResponse, Task } from "@a2a-js/sdk";
import type { Part } from "@a2a-js/sdk";
import type { PayloadRef, Payloads } from "../../ports/payloads.ts";
import type { LogRow, TaskKey } from "../../ports/task-log.ts";
import {
  partsOf,
  partsOfTask,
  restoreLargeContent,
  toLargeParts,
  withoutLargeContent,
  withoutLargeContentInMessage,
  withoutLargeContentInTask,
} from "./large-content.ts";
import type { LargePart } from "./large-content.ts";
import { toBytes, toText } from "./utf8.ts";

/** One row of the log: an event, what it adds to the history, and the epoch it was written in. */
export interface LogEvent {
  readonly generation: number;
  readonly epoch: number;
  readonly response: StreamResponse;
  /** The response as JSON text, when its row holds all of it. Made once, for the row and for every stream. */
  readonly json?: string;
  /** The caller's message that began a follow-up turn. It is part of the history, not of the event. */
  readonly message?: Message;
  /** The nonce of the write that began a turn, by which its writer recognizes it later. */
  readonly nonce?: string;
}

/** The JSON of an event row (docs/storage.md). A row with `body` alone points at a payload that holds this JSON. */
interface EventRow {
  readonly epoch: number;
  readonly event: unknown;
  readonly message?: unknown;
  readonly nonce?: string;
  readonly claims?: readonly LargePart[];
  /** Indexes in wire order of parts whose data is `null`, which the SDK's codec decodes as a part without content. */
  readonly nulls?: readonly number[];
}

interface SnapshotRow {
  readonly generation: number;
  readonly task: unknown;
  readonly claims?: readonly LargePart[];
  readonly nulls?: readonly number[];
}

export const SNAPSHOT = "s";

/** A row's body over this many bytes is stored as a payload. */
const BODY_BYTES = 900 * 1024;

export function eventKey(generation: number): string {
  return `e-${String(generation).padStart(10, "0")}`;
}

/** Of the row of an event. */
export function generationOf({ key }: LogRow): number {
  return Number.parseInt(key.slice(2), 10);
}

/** About the bytes that an event takes once it is decoded, with the content that is stored as payloads. */
export function sizeInMemory({ body }: LogRow): number {
  if (!body.includes('"sha256":')) {
    return body.length;
  }
  const row = JSON.parse(body) as Partial<EventRow> & { readonly body?: PayloadRef };
  const claimed = (row.claims ?? []).reduce((sum, [, , { bytes }]) => sum + bytes, 0);
  return body.length + claimed + (row.body?.bytes ?? 0);
}

/** The row of an event, and the event with the JSON text that the row contains. */
export function encodeEvent(event: LogEvent): { readonly row: LogRow; readonly event: LogEvent } {
  const { generation, epoch, response, message, nonce } = event;
  const parts = partsOf(response, message);
  const claims = toLargeParts(parts);
  const nulls = toNulls(parts);
  const json = JSON.stringify(StreamResponse.toJSON(claims ? withoutLargeContent(response) : response));
  const beside = {
    epoch,
    ...(message && { message: Message.toJSON(claims ? withoutLargeContentInMessage(message) : message) }),
    ...(nonce !== undefined && { nonce }),
    ...(claims && { claims }),
    ...(nulls && { nulls }),
  };
  const row = { key: eventKey(generation), body: withMember(beside, "event", json) };
  return { row, event: claims || nulls ? event : { ...event, json } };
}

/** The snapshot row of a task, and the task as JSON text when the row holds all of it. */
export function encodeSnapshot(generation: number, task: Task): { readonly row: LogRow; readonly json?: string } {
  const parts = partsOfTask(task);
  const claims = toLargeParts(parts);
  const nulls = toNulls(parts);
  const json = JSON.stringify(Task.toJSON(claims ? withoutLargeContentInTask(task) : task));
  const beside = { generation, ...(claims && { claims }), ...(nulls && { nulls }) };
  const row = { key: SNAPSHOT, body: withMember(beside, "task", json) };
  return claims || nulls ? { row } : { row, json };
}

/**
 * The task's JSON text in the body of a snapshot of this generation, found without parsing; undefined when some of the
 * task's content is stored as payloads. Rows of version 0.1.0 have `claims` after the task, later rows before it.
 */
export function taskJsonOf(body: string, generation: number): string | undefined {
  const start = `{"generation":${generation},"task":`;
  const isWhole = body.startsWith(start) && !body.includes(',"claims":[') && !body.includes(',"nulls":[');
  return isWhole ? body.slice(start.length, -1) : undefined;
}

export function isOversize({ body }: LogRow): boolean {
  return body.length * 3 > BODY_BYTES && Buffer.byteLength(body) > BODY_BYTES;
}

/** Stores the body as a payload and returns the row that points at it. @throws StoreError */
export async function storeBody(payloads: Payloads, task: TaskKey, { key, body }: LogRow): Promise<LogRow> {
  return { key, body: JSON.stringify({ body: await payloads.put(task, toBytes(body)) }) };
}

export async function decodeEvent(payloads: Payloads, task: TaskKey, row: LogRow): Promise<LogEvent> {
  const json = await decodeBody<EventRow>(payloads, task, row.body);
  const response = StreamResponse.fromJSON(json.event);
  const message = json.message === undefined ? undefined : Message.fromJSON(json.message);
  const parts = partsOf(response, message);
  restoreNulls(parts, json.nulls);
  await restoreLargeContent(payloads, task, parts, json.claims ?? []);
  return {
    generation: generationOf(row),
    epoch: json.epoch,
    response,
    ...(message && { message }),
    ...(json.nonce !== undefined && { nonce: json.nonce }),
  };
}

export async function decodeSnapshot(
  payloads: Payloads,
  key: TaskKey,
  body: string,
): Promise<{ readonly generation: number; readonly task: Task }> {
  const json = await decodeBody<SnapshotRow>(payloads, key, body);
  const task = Task.fromJSON(json.task);
  const parts = partsOfTask(task);
  restoreNulls(parts, json.nulls);
  await restoreLargeContent(payloads, key, parts, json.claims ?? []);
  return { generation: json.generation, task };
}

/** The JSON text of a row, from the row or its payload. @throws StoreError */
export async function readBody(payloads: Payloads, task: TaskKey, body: string): Promise<string> {
  if (!body.startsWith('{"body":')) {
    return body;
  }
  return toText(await payloads.get(task, (JSON.parse(body) as { readonly body: PayloadRef }).body));
}

/** The JSON value of a row. @throws StoreError */
export async function decodeBody<T extends object>(payloads: Payloads, task: TaskKey, body: string): Promise<T> {
  return JSON.parse(await readBody(payloads, task, body)) as T;
}

/** The JSON of `object`, which has at least one member, with one more member whose value is JSON text. */
function withMember(object: object, name: string, json: string): string {
  // Joined, not concatenated: a concatenation would keep its pieces in memory until it is read.
  return [JSON.stringify(object).slice(0, -1), ',"', name, '":', json, "}"].join("");
}

function toNulls(parts: readonly Part[]): number[] | undefined {
  const isNull = ({ content }: Part): boolean => content?.$case === "data" && content.value === null;
  return parts.some(isNull) ? parts.flatMap((part, at) => (isNull(part) ? [at] : [])) : undefined;
}

function restoreNulls(parts: readonly Part[], nulls: readonly number[] = []): void {
  for (const at of nulls) {
    const part = parts[at];
    if (part) {
      part.content = { $case: "data", value: null };
    }
  }
}

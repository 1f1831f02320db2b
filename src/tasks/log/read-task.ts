import { Task } from "@a2a-js/sdk";
import type { Message } from "@a2a-js/sdk";
import type { Etag, TaskKey } from "../../ports/task-log.ts";
import type { TaskParts } from "../engine-parts.ts";
import { fold } from "./fold.ts";
import { parseHead } from "./head.ts";
import type { Head } from "./head.ts";
import { decodeEvent, decodeSnapshot, eventKey, generationOf, sizeInMemory, taskJsonOf } from "./rows.ts";
import { retry } from "../retry.ts";
import type { LogEvent } from "./rows.ts";
import type { StoredHead } from "./transact.ts";
import { readPatience } from "./lease.ts";

export interface StoredTask extends StoredHead {
  /** The fold of all events up to `head.generation`. */
  readonly task: Task;
  /** The task as JSON text, when a snapshot holds all of it. */
  readonly json?: string;
}

/** Whether an id has the form of this gateway's task ids. No task has any other id, so it need not be read. */
export function isTaskId(id: string): boolean {
  return /^[A-Za-z0-9-]{1,64}$/.test(id);
}

/** The task as of its newest head; undefined when it does not exist or is being deleted. @throws StoreError */
export async function readTask(parts: TaskParts, key: TaskKey): Promise<StoredTask | undefined> {
  const stored = await parts.log.readTask(key);
  if (!stored) {
    return undefined;
  }
  const head = parseHead(stored.head.body);
  if (head.purging) {
    return undefined;
  }
  const json = stored.snapshot === undefined ? undefined : taskJsonOf(stored.snapshot, head.generation);
  if (json !== undefined) {
    return new WholeSnapshot(head, stored.head.etag, json);
  }
  const start = stored.snapshot === undefined ? undefined : await decodeSnapshot(parts.payloads, key, stored.snapshot);
  let task = start?.task;
  for (const event of await readEvents(parts, key, start?.generation ?? 0, head.generation)) {
    task = task ? fold(task, event.response, event.message) : taskOf(event);
  }
  if (!task) {
    throw new Error(`task ${key.taskId}: its log does not begin with a Task`);
  }
  return { head, etag: stored.head.etag, task };
}

/** A task whose snapshot is current. Its JSON is parsed only when needed: most calls use only the text. */
class WholeSnapshot implements StoredTask {
  readonly head: Head;
  readonly etag: Etag;
  readonly json: string;
  #task: Task | undefined;

  constructor(head: Head, etag: Etag, json: string) {
    this.head = head;
    this.etag = etag;
    this.json = json;
  }

  get task(): Task {
    this.#task ??= Task.fromJSON(JSON.parse(this.json));
    return this.#task;
  }
}

/** Events with `after < generation <= upTo`, in order. @throws StoreError */
export async function readEvents(
  parts: Pick<TaskParts, "log" | "payloads">,
  key: TaskKey,
  after: number,
  upTo: number,
): Promise<LogEvent[]> {
  if (after >= upTo) {
    return [];
  }
  const rows = await parts.log.readRange(key, eventKey(after + 1), eventKey(upTo));
  return Promise.all(rows.map((row) => decodeEvent(parts.payloads, key, row)));
}

/** Events read, with about the bytes that each takes in memory. */
export interface EventsWithin {
  readonly events: readonly { readonly event: LogEvent; readonly cost: number }[];
  /** Bytes of all events that were asked for. */
  readonly bytes: number;
}

/**
 * Like `readEvents`, but stops before the event with which they would have more than `maxBytes`; the first is always read.
 * `known` events are not decoded again. @throws StoreError
 */
export async function readEventsWithin(
  parts: Pick<TaskParts, "log" | "payloads">,
  key: TaskKey,
  after: number,
  upTo: number,
  maxBytes: number,
  known: (generation: number) => LogEvent | undefined,
): Promise<EventsWithin> {
  const rows = await parts.log.readRange(key, eventKey(after + 1), eventKey(upTo));
  const costs = rows.map(sizeInMemory);
  let bytes = 0;
  const end = costs.findIndex((cost, at) => (bytes += cost) > maxBytes && at > 0);
  const events = rows.slice(0, end === -1 ? rows.length : end).map(async (row, at) => ({
    event: known(generationOf(row)) ?? (await decodeEvent(parts.payloads, key, row)),
    cost: costs[at] ?? 0,
  }));
  return { events: await Promise.all(events), bytes };
}

function taskOf({ response }: LogEvent): Task | undefined {
  return response.payload?.$case === "task" ? response.payload.value : undefined;
}

/** How many referenced tasks an agent receives. */
const MAX_REFERENCES = 10;

/** The caller's own tasks that a message refers to (specification 3.4.3). Other ids are ignored. @throws TaskError */
export async function readReferences(parts: TaskParts, scope: string, message: Message): Promise<Task[]> {
  if (message.referenceTaskIds.length === 0) {
    return [];
  }
  const ids = [...new Set(message.referenceTaskIds)].filter(isTaskId).slice(0, MAX_REFERENCES);
  const deadline = parts.clock.monotonic() + readPatience(parts.settings.lease);
  const found = await Promise.all(
    ids.map((taskId) => retry(parts, deadline, () => readTask(parts, { scope, taskId }))),
  );
  return found.flatMap((stored) => (stored ? [stored.task] : []));
}

/** The task with the `limit` newest messages of its history; all of them without a limit (specification 3.2.4). */
export function withHistory(task: Task, limit: number | undefined): Task {
  if (limit === undefined || task.history.length <= limit) {
    return task;
  }
  return { ...task, history: limit === 0 ? [] : task.history.slice(-limit) };
}

import { Message } from "@a2a-js/sdk";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import canonicalize from "canonicalize";
import type { LogRow, TaskKey } from "../../ports/task-log.ts";
import type { Created } from "./started-turn.ts";
import type { TaskParts } from "../engine-parts.ts";
import { readTask } from "../log/read-task.ts";
import { retry } from "../retry.ts";
import { invalid } from "../task-fault.ts";
import { callPatience } from "../log/lease.ts";

/** The message that a key was accepted with. Kept as long as its task (DESIGN 3.6). */
interface KeyRow {
  readonly fingerprint: string;
  /** The turn that it began. */
  readonly turn: number;
}

/** The id of the task that a key creates: whoever repeats the send finds it there. */
export function toKeyedTaskId(scope: string, agent: string, idempotencyKey: string): string {
  return hash(JSON.stringify([scope, agent, idempotencyKey]));
}

/** The row `m-…` that goes with the message's own transaction. */
export function toKeyRow(idempotencyKey: string, message: Message, turn: number): LogRow {
  const row: KeyRow = { fingerprint: toFingerprint(message), turn };
  return { key: `m-${hash(idempotencyKey)}`, body: JSON.stringify(row) };
}

/** The task of an earlier attempt with this key. @throws TaskError `invalid` when that was another message. */
export async function findEarlier(parts: TaskParts, key: TaskKey, keyRow: LogRow): Promise<Created | undefined> {
  const deadline = parts.clock.monotonic() + callPatience(parts.settings.lease);
  if (!(await retry(parts, deadline, () => isAccepted(parts, key, keyRow)))) {
    return undefined;
  }
  const stored = await retry(parts, deadline, () => readTask(parts, key));
  return stored && { key, snapshot: { task: stored.task, generation: stored.head.generation } };
}

/**
 * Whether a message like this one was accepted under its key before.
 * @throws TaskError `invalid` when the key was used for another message, StoreError.
 */
async function isAccepted(parts: TaskParts, task: TaskKey, { key, body }: LogRow): Promise<boolean> {
  const stored = await parts.log.readRow(task, key);
  if (!stored) {
    return false;
  }
  const [earlier, own] = [JSON.parse(stored) as KeyRow, JSON.parse(body) as KeyRow];
  if (earlier.fingerprint !== own.fingerprint) {
    throw invalid("Idempotency-Key", "was used for another message; a repeat has the same role, parts and ids");
  }
  return true;
}

/**
 * What makes two messages the same: role, parts and the ids that say where it belongs, in A2A 1.0 ProtoJSON as RFC 8785
 * orders it. Its own id, its metadata and the call's configuration may differ from one attempt to the next.
 */
export function toFingerprint(message: Message): string {
  const json = canonicalize(Message.toJSON({ ...message, messageId: "", metadata: undefined, extensions: [] }));
  return bytesToHex(sha256(utf8ToBytes(json ?? "")));
}

function hash(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text))).slice(0, 32);
}

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
import { readPatience } from "../log/lease.ts";

/** The message that was accepted with a key. Kept as long as its task (docs/architecture.md#idempotent-sends). */
interface KeyRow {
  readonly fingerprint: string;
  /** The turn that the message began. */
  readonly turn: number;
}

/**
 * The id of the task that a key creates. It is derived from these values, so that a retry of the send finds the task.
 */
export function toKeyedTaskId(scope: string, agent: string, idempotencyKey: string): string {
  return hash(JSON.stringify([scope, agent, idempotencyKey]));
}

/** The row `m-…`, written in the transaction that accepts the message. */
export function toKeyRow(idempotencyKey: string, message: Message, turn: number): LogRow {
  const row: KeyRow = { fingerprint: toFingerprint(message), turn };
  return { key: `m-${hash(idempotencyKey)}`, body: JSON.stringify(row) };
}

/**
 * The task of an earlier send with this key; undefined when there was none.
 * @throws TaskError `invalid` when the key was used for a different message, `unavailable`
 */
export async function findEarlier(parts: TaskParts, key: TaskKey, keyRow: LogRow): Promise<Created | undefined> {
  const deadline = parts.clock.monotonic() + readPatience(parts.settings.lease);
  if (!(await retry(parts, deadline, () => isAccepted(parts, key, keyRow)))) {
    return undefined;
  }
  const stored = await retry(parts, deadline, () => readTask(parts, key));
  return stored && { key, snapshot: { task: stored.task, generation: stored.head.generation } };
}

/**
 * Whether the same message was accepted with this key before.
 * @throws TaskError `invalid` when the key was used for a different message, StoreError
 */
async function isAccepted(parts: TaskParts, task: TaskKey, { key, body }: LogRow): Promise<boolean> {
  const stored = await parts.log.readRow(task, key);
  if (!stored) {
    return false;
  }
  const [earlier, own] = [JSON.parse(stored) as KeyRow, JSON.parse(body) as KeyRow];
  if (earlier.fingerprint !== own.fingerprint) {
    throw invalid(
      "Idempotency-Key",
      "was already used for a different message; a retry must have the same role, parts and ids",
    );
  }
  return true;
}

/**
 * A hash of what makes two messages the same: role, parts, task id, context id and referenced tasks, as canonical JSON
 * (RFC 8785) of A2A 1.0. The message id, metadata and the call's configuration may differ between attempts.
 */
export function toFingerprint(message: Message): string {
  const json = canonicalize(Message.toJSON({ ...message, messageId: "", metadata: undefined, extensions: [] }));
  return bytesToHex(sha256(utf8ToBytes(json ?? "")));
}

function hash(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text))).slice(0, 32);
}

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Json } from "../../ports/agent.ts";
import type { LogRow, TaskKey } from "../../ports/task-log.ts";
import type { EngineParts } from "../engine-parts.ts";
import type { Head } from "../log/head.ts";
import { readEvents } from "../log/read-task.ts";
import { decodeBody } from "../log/rows.ts";

/** Key of the row with the last checkpoint. It is kept for later turns. */
export const CHECKPOINT = "k-state";

/** What earlier attempts of a turn left in the log (docs/architecture.md#steps). */
export interface EarlierAttempts {
  /** Results of completed steps by name. */
  readonly steps: ReadonlyMap<string, Json>;
  /** How many times each artifact was closed, by artifact id. */
  readonly closed: ReadonlyMap<string, number>;
}

export const NOTHING_EARLIER: EarlierAttempts = { steps: new Map(), closed: new Map() };

interface StepRow {
  readonly name: string;
  readonly value: Json;
}

export function toStepRow(turn: number, name: string, value: Json): LogRow {
  const row: StepRow = { name, value };
  return { key: `${stepPrefix(turn)}${bytesToHex(sha256(utf8ToBytes(name))).slice(0, 32)}`, body: JSON.stringify(row) };
}

export function toCheckpointRow(value: Json): LogRow {
  return { key: CHECKPOINT, body: JSON.stringify({ value }) };
}

export async function readCheckpoint(parts: EngineParts, key: TaskKey, head: Head): Promise<Json | undefined> {
  const body = head.checkpoint ? await parts.log.readRow(key, CHECKPOINT) : undefined;
  return body && (await decodeBody<{ readonly value: Json }>(parts.payloads, key, body)).value;
}

/**
 * `head` is the head before the turn was taken up. Only for a turn that is taken up: a new turn has nothing to read.
 */
export async function readEarlierAttempts(parts: EngineParts, key: TaskKey, head: Head): Promise<EarlierAttempts> {
  const prefix = stepPrefix(head.turn);
  const [rows, events] = await Promise.all([
    head.steps > 0 ? parts.log.readRange(key, prefix, `${prefix}~`) : [],
    readEvents(parts, key, head.turnStart, head.generation),
  ]);
  const steps = await Promise.all(rows.map(({ body }) => decodeBody<StepRow>(parts.payloads, key, body)));
  const closed = new Map<string, number>();
  for (const { response } of events) {
    const chunk = response.payload?.$case === "artifactUpdate" ? response.payload.value : undefined;
    if (chunk?.artifact && chunk.lastChunk) {
      closed.set(chunk.artifact.artifactId, (closed.get(chunk.artifact.artifactId) ?? 0) + 1);
    }
  }
  return { steps: new Map(steps.map(({ name, value }) => [name, value])), closed };
}

function stepPrefix(turn: number): string {
  return `k-${String(turn).padStart(6, "0")}-`;
}

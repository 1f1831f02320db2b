import type { Part, StreamResponse, TaskArtifactUpdateEvent } from "@a2a-js/sdk";
import type { LogRow } from "../../ports/task-log.ts";
import { partsOf, sizeOf } from "../log/large-content.ts";

/** Events that an agent emitted and that are not in the log yet. A draft is committed in one transaction. */
export interface Draft {
  readonly responses: readonly StreamResponse[];
  /** The row of a step's result or of a checkpoint. */
  readonly row?: LogRow;
  /** An upper bound of the bytes of its rows. */
  readonly bytes: number;
  /** Approximate bytes that it takes in memory until it is committed. */
  readonly weight: number;
  readonly settle: { resolve(): void; reject(error: unknown): void };
}

/** Rows and bytes of one transaction, with room for head, snapshot and envelope (docs/architecture.md#batches). */
const MAX_ROWS = 97;
const MAX_BYTES = 1.5 * 1024 * 1024;
const MAX_ROW_BYTES = 900 * 1024;
/** A merged chunk stays well below the size limit of an SSE event. */
const MAX_CHUNK_BYTES = 256 * 1024;

export interface Batch {
  readonly drafts: readonly Draft[];
  /** One per row. Adjacent chunks of one artifact are merged. */
  readonly responses: readonly StreamResponse[];
  readonly rows: readonly LogRow[];
}

/** Removes from the front of `pending` as many drafts as fit into one transaction. */
export function takeBatch(pending: Draft[]): Batch {
  const responses: StreamResponse[] = [];
  const rows: LogRow[] = [];
  let chunk = 0;
  let bytes = 0;
  let taken = 0;
  for (const draft of pending) {
    const size = draft.responses.length > 1 ? draft.bytes : Math.min(draft.bytes, MAX_ROW_BYTES);
    const merged = chunk + size <= MAX_CHUNK_BYTES ? continueLast(responses, draft) : undefined;
    const count = responses.length + rows.length + draft.responses.length + 1;
    if (taken > 0 && (bytes + size > MAX_BYTES || (!merged && count > MAX_ROWS))) {
      break;
    }
    if (merged) {
      responses[responses.length - 1] = merged;
    } else {
      responses.push(...draft.responses);
    }
    if (draft.row) {
      putRow(rows, draft.row);
    }
    chunk = merged ? chunk + size : size;
    bytes += size;
    taken += 1;
  }
  return { drafts: pending.splice(0, taken), responses, rows };
}

/** A transaction can contain each row once, so a later checkpoint replaces an earlier one. */
function putRow(rows: LogRow[], row: LogRow): void {
  const at = rows.findIndex(({ key }) => key === row.key);
  rows.splice(at < 0 ? rows.length : at, at < 0 ? 0 : 1, row);
}

function continueLast(
  responses: readonly StreamResponse[],
  { responses: more, row }: Draft,
): StreamResponse | undefined {
  const [last, next] = [responses.at(-1), more[0]];
  return last && next && more.length === 1 && !row ? mergeChunks(last, next) : undefined;
}

/**
 * An upper bound of the bytes of an event's row: JSON escapes take up to six bytes per character, base64 four for
 * three.
 */
export function bytesOf(response: StreamResponse): number {
  return partsOf(response).reduce(
    (sum, part) => sum + 200 + sizeOf(part) * (part.content?.$case === "raw" ? 1.4 : 6) + besidesContent(part) * 6,
    600 + metadataOf(response) * 6,
  );
}

/** Approximate bytes of an event in memory, without JSON escapes. The limit of pending bytes uses this number. */
export function weightOf(response: StreamResponse): number {
  return partsOf(response).reduce(
    (sum, part) => sum + 200 + sizeOf(part) + besidesContent(part),
    600 + metadataOf(response),
  );
}

function besidesContent({ content, metadata, filename }: Part): number {
  return (content?.$case === "url" ? content.value.length : 0) + filename.length + jsonLength(metadata);
}

function metadataOf({ payload }: StreamResponse): number {
  switch (payload?.$case) {
    case "statusUpdate":
      return jsonLength(payload.value.metadata);
    case "artifactUpdate":
      return jsonLength(payload.value.metadata) + jsonLength(payload.value.artifact?.metadata);
    default:
      return 0;
  }
}

function jsonLength(metadata: object | undefined): number {
  return metadata === undefined ? 0 : JSON.stringify(metadata).length;
}

function mergeChunks(first: StreamResponse, second: StreamResponse): StreamResponse | undefined {
  const one = chunkOf(first);
  const two = chunkOf(second);
  if (!one?.artifact || !two?.artifact || !isPlainContinuation(two, one.artifact.artifactId)) {
    return undefined;
  }
  const artifact = { ...one.artifact, parts: [...one.artifact.parts, ...two.artifact.parts] };
  return { payload: { $case: "artifactUpdate", value: { ...one, artifact, lastChunk: two.lastChunk } } };
}

function chunkOf({ payload }: StreamResponse): TaskArtifactUpdateEvent | undefined {
  return payload?.$case === "artifactUpdate" ? payload.value : undefined;
}

function isPlainContinuation({ artifact, append, metadata }: TaskArtifactUpdateEvent, artifactId: string): boolean {
  return (
    append &&
    metadata === undefined &&
    artifact?.artifactId === artifactId &&
    artifact.metadata === undefined &&
    artifact.extensions.length === 0 &&
    !artifact.name &&
    !artifact.description
  );
}

import type { StreamResponse, TaskArtifactUpdateEvent } from "@a2a-js/sdk";
import { partsOf, sizeOf } from "./claims.ts";

/** An event that an agent emitted and that is not in the log yet. */
export interface Draft {
  readonly response: StreamResponse;
  /** At least the bytes that its row will take. */
  readonly bytes: number;
  readonly settle: { resolve(): void; reject(error: unknown): void };
}

/** Rows and bytes of one transaction, with room left for head, snapshot and envelope (DESIGN 3.2). */
const MAX_ROWS = 97;
const MAX_BYTES = 1.5 * 1024 * 1024;
const MAX_ROW_BYTES = 900 * 1024;
/** A merged chunk stays well under what an SSE event may carry. */
const MAX_CHUNK_BYTES = 256 * 1024;

export interface Batch {
  readonly drafts: readonly Draft[];
  /** One per row: adjacent chunks of one artifact have become one. */
  readonly responses: readonly StreamResponse[];
}

/** Takes from the front of `pending` as much as one transaction carries. */
export function takeBatch(pending: Draft[]): Batch {
  const responses: StreamResponse[] = [];
  let last = 0;
  let bytes = 0;
  let taken = 0;
  for (const draft of pending) {
    const size = Math.min(draft.bytes, MAX_ROW_BYTES);
    const previous = responses.at(-1);
    const merged = previous && last + size <= MAX_CHUNK_BYTES ? mergeChunks(previous, draft.response) : undefined;
    if (taken > 0 && (bytes + size > MAX_BYTES || (!merged && responses.length === MAX_ROWS))) {
      break;
    }
    responses.splice(merged ? -1 : responses.length, merged ? 1 : 0, merged ?? draft.response);
    last = merged ? last + size : size;
    bytes += size;
    taken += 1;
  }
  return { drafts: pending.splice(0, taken), responses };
}

/** JSON escapes take up to six bytes a character, base64 four for three. */
export function bytesOf(response: StreamResponse): number {
  return partsOf(response).reduce(
    (sum, part) => sum + 200 + sizeOf(part) * (part.content?.$case === "raw" ? 1.4 : 6),
    600,
  );
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
    !artifact.name &&
    !artifact.description
  );
}

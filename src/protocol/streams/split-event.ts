import type { Artifact, Part, StreamResponse, Task, TaskArtifactUpdateEvent } from "@a2a-js/sdk";
import { toResponseLimit } from "../../tasks/turn/event-limit.ts";

/** Bytes of names, quotes and braces around one part, in the longer of the two A2A versions. */
const PART_FRAME = 128;

/**
 * Splits an event into events that are equivalent to it, each small enough for one SSE event of `maxEvent` bytes. Text
 * is cut between code points, bytes anywhere; data cannot be cut and stays whole: an agent cannot emit more of it than
 * fits. A Task is sent without its history, and artifacts that do not fit follow as artifact updates.
 */
export function splitEvent(response: StreamResponse, maxEvent: number): readonly StreamResponse[] {
  const limit = toResponseLimit(maxEvent);
  switch (response.payload?.$case) {
    case "task":
      return splitTask(response, response.payload.value, limit);
    case "artifactUpdate":
      return splitArtifact(response, response.payload.value, limit);
    default:
      return [response];
  }
}

function splitTask(response: StreamResponse, task: Task, limit: number): readonly StreamResponse[] {
  if (task.history.length === 0 && task.artifacts.length === 0) {
    return [response];
  }
  let room = limit - sizeOf(task.metadata) - sizeOfParts(task.status?.message?.parts ?? []);
  const fitting = task.artifacts.findIndex((artifact) => {
    room -= sizeOfArtifact(artifact);
    return room < 0;
  });
  // All artifacts from the first that does not fit, so that a client receives them in the task's order.
  const kept = fitting === -1 ? task.artifacts : task.artifacts.slice(0, fitting);
  const rest = task.artifacts.slice(kept.length).map((artifact) => {
    return {
      taskId: task.id,
      contextId: task.contextId,
      artifact,
      append: false,
      lastChunk: false,
      metadata: undefined,
    };
  });
  return [
    { payload: { $case: "task", value: { ...task, history: [], artifacts: kept } } },
    ...rest.flatMap((update) => splitArtifact(toResponse(update), update, limit)),
  ];
}

function splitArtifact(
  response: StreamResponse,
  update: TaskArtifactUpdateEvent,
  limit: number,
): readonly StreamResponse[] {
  const { artifact } = update;
  if (!artifact) {
    return [response];
  }
  const frame = sizeOf(update.metadata) + sizeOfArtifact(artifact) - sizeOfParts(artifact.parts);
  if (frame + sizeOfParts(artifact.parts) <= limit) {
    return [response];
  }
  const chunks = pack(artifact.parts, Math.max(limit - frame - MARK_BYTES, limit / 4));
  const { artifactId } = artifact;
  return chunks.map(({ parts, continues }, at) => {
    const isFirst = at === 0;
    return toResponse({
      ...update,
      artifact: isFirst
        ? { ...artifact, parts }
        : { artifactId, name: "", description: "", parts, metadata: undefined, extensions: [] },
      append: isFirst ? update.append : true,
      lastChunk: at === chunks.length - 1 && update.lastChunk,
      metadata: isFirst ? update.metadata : continues ? { [CONTINUES]: true } : undefined,
    });
  });
}

/** In an event's metadata: its first part is the rest of the last part before it (docs/extensions/durable-v1.md, 2.4). */
const CONTINUES = "urn:a2a-azure-gateway:durable:v1:continues";

/** Of this key and its value as JSON. */
const MARK_BYTES = 80;

interface Chunk {
  readonly parts: Part[];
  readonly continues: boolean;
}

function pack(parts: readonly Part[], limit: number): Chunk[] {
  let chunk: Chunk = { parts: [], continues: false };
  let used = 0;
  const chunks = [chunk];
  for (const part of parts) {
    for (const [at, piece] of cut(part, limit).entries()) {
      const size = sizeOfPart(piece);
      // The rest of a part always begins a chunk, because that is how a client recognises it.
      if (chunk.parts.length > 0 && (at > 0 || used + size > limit)) {
        chunk = { parts: [], continues: at > 0 };
        chunks.push(chunk);
        used = 0;
      }
      chunk.parts.push(piece);
      used += size;
    }
  }
  return chunks;
}

function cut(part: Part, limit: number): Part[] {
  const { content } = part;
  const size = sizeOfPart(part);
  if (size <= limit || !content) {
    return [part];
  }
  const room = Math.max(limit - (size - sizeOfContent(content)), limit / 4);
  switch (content.$case) {
    case "text":
      return cutText(content.value, room).map((value) => ({ ...part, content: { $case: "text", value } }));
    case "raw":
      return cutBytes(content.value, Math.floor(room / 4) * 3).map((value) => ({
        ...part,
        content: { $case: "raw", value },
      }));
    default:
      return [part];
  }
}

function cutText(text: string, room: number): string[] {
  const pieces: string[] = [];
  let start = 0;
  let used = 0;
  for (let at = 0; at < text.length;) {
    const point = text.codePointAt(at) ?? 0;
    const size = sizeOfPoint(point);
    if (used + size > room) {
      pieces.push(text.slice(start, at));
      start = at;
      used = 0;
    }
    used += size;
    at += point > 0xffff ? 2 : 1;
  }
  return [...pieces, text.slice(start)];
}

function cutBytes<T extends Uint8Array>(bytes: T, room: number): T[] {
  const count = Math.ceil(bytes.byteLength / room);
  return Array.from({ length: count }, (_, at) => bytes.subarray(at * room, (at + 1) * room) as T);
}

function sizeOfArtifact({ artifactId, name, description, parts, metadata, extensions }: Artifact): number {
  return (
    sizeOfText(artifactId) +
    sizeOfText(name) +
    sizeOfText(description) +
    sizeOf(metadata) +
    sizeOf(extensions) +
    sizeOfParts(parts)
  );
}

function sizeOfParts(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + sizeOfPart(part), 0);
}

function sizeOfPart({ content, metadata, filename, mediaType }: Part): number {
  const named = sizeOf(metadata) + sizeOfText(filename) + sizeOfText(mediaType);
  return PART_FRAME + named + (content ? sizeOfContent(content) : 0);
}

function sizeOfContent(content: NonNullable<Part["content"]>): number {
  switch (content.$case) {
    case "raw":
      return Math.ceil(content.value.byteLength / 3) * 4;
    case "data":
      return sizeOf(content.value);
    default:
      return sizeOfText(content.value);
  }
}

/** An upper bound of the bytes as JSON: a UTF-16 unit is at most three bytes of UTF-8. */
function sizeOf(value: unknown): number {
  const json = value === undefined ? undefined : JSON.stringify(value);
  return json === undefined ? 0 : json.length < SHORT ? json.length * 3 : Buffer.byteLength(json);
}

/** Texts with fewer characters get an upper bound, to save time. */
const SHORT = 256;

/** Bytes as a JSON string. */
function sizeOfText(text: string): number {
  if (text.length < SHORT) {
    return text.length * 6;
  }
  let size = 0;
  for (let at = 0; at < text.length; at += 1) {
    const point = text.codePointAt(at) ?? 0;
    size += sizeOfPoint(point);
    at += point > 0xffff ? 1 : 0;
  }
  return size;
}

function sizeOfPoint(point: number): number {
  if (point < 0x20 || (point >= 0xd800 && point <= 0xdfff)) {
    return 6;
  }
  if (point < 0x80) {
    return point === 0x22 || point === 0x5c ? 2 : 1;
  }
  return point < 0x800 ? 2 : point > 0xffff ? 4 : 3;
}

function toResponse(value: TaskArtifactUpdateEvent): StreamResponse {
  return { payload: { $case: "artifactUpdate", value } };
}

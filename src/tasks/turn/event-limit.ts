import { StreamResponse } from "@a2a-js/sdk";
import type { Artifact, Part } from "@a2a-js/sdk";
import { partsOf, sizeOf } from "../log/large-content.ts";

/** What an SSE event has around the response: the id line and the JSON-RPC envelope. */
const ENVELOPE = 16 * 1024;
/** What A2A 0.3 adds to a part in JSON. */
const PART_FRAME = 64;

/** Bytes of a response as JSON that one SSE event of `maxEvent` bytes carries. */
export function toResponseLimit(maxEvent: number): number {
  return Math.max(maxEvent - ENVELOPE, maxEvent / 2);
}

/**
 * Why no stream could carry an event: it has something that cannot be split and is too large for one SSE event. Undefined
 * if it can be sent. Text and bytes of an artifact can be split (docs/extensions/durable-v1.md, 2.4).
 */
export function toSizeRefusal(response: StreamResponse, maxEvent: number): string | undefined {
  const limit = toResponseLimit(maxEvent);
  if (isSmall(response, limit)) {
    return undefined;
  }
  const { payload } = response;
  if (payload?.$case === "statusUpdate") {
    const bytes = jsonBytes(StreamResponse.toJSON(response)) + partsOf(response).length * PART_FRAME;
    return bytes > limit ? toText("The status message", bytes, limit) : undefined;
  }
  const artifact = payload?.$case === "artifactUpdate" ? payload.value.artifact : undefined;
  return artifact && toArtifactRefusal(artifact, limit);
}

/** A piece of text or bytes needs some room beside what goes with each piece. */
function toArtifactRefusal(artifact: Artifact, limit: number): string | undefined {
  const frame = frameOf(artifact);
  const metadataLimit = Math.floor((limit * 3) / 4);
  for (const [at, part] of artifact.parts.entries()) {
    const isSplit = part.content?.$case === "text" || part.content?.$case === "raw";
    const bytes = fixedBytesOf(part) + (at === 0 ? frame : 0);
    if (isSplit && bytes > metadataLimit) {
      return toText(`The metadata of artifact ${JSON.stringify(artifact.artifactId)}`, bytes, metadataLimit);
    }
    if (bytes > limit) {
      const what = `Part ${at} (${part.content?.$case ?? "empty"}) of artifact ${JSON.stringify(artifact.artifactId)}`;
      return toText(what, bytes, limit);
    }
  }
  return undefined;
}

function toText(what: string, bytes: number, limit: number): string {
  return (
    `${what} has ${bytes} bytes as JSON, but one event carries at most ${limit} (MAX_SSE_EVENT). ` +
    "Use an artifact with text or raw parts instead: they are sent in several events."
  );
}

/** A UTF-16 unit is at most six bytes of JSON: most events need no counting. */
function isSmall(response: StreamResponse, limit: number): boolean {
  let units = 1_024;
  const { payload } = response;
  const artifact = payload?.$case === "artifactUpdate" ? payload.value.artifact : undefined;
  if (artifact) {
    units += artifact.artifactId.length + artifact.name.length + artifact.description.length;
    units += jsonUnits(artifact.metadata) + artifact.extensions.reduce((sum, text) => sum + text.length + 3, 0);
  }
  for (const part of partsOf(response)) {
    const { content, filename, mediaType, metadata } = part;
    const isUrl = content?.$case === "url";
    // Of an artifact's text and bytes a stream sends as many pieces as it needs.
    const isSplit = artifact !== undefined && (content?.$case === "text" || content?.$case === "raw");
    units += PART_FRAME + filename.length + mediaType.length + jsonUnits(metadata);
    units += isSplit ? 0 : isUrl ? content.value.length : sizeOf(part);
  }
  return units * 6 <= limit;
}

function frameOf(artifact: Artifact): number {
  const { artifactId, name, description, metadata, extensions } = artifact;
  return jsonBytes({ artifactId, name, description, metadata, extensions });
}

/** Bytes of a part as JSON, without the text or bytes that can be split. */
function fixedBytesOf({ content, metadata, filename, mediaType }: Part): number {
  const fixed = content?.$case === "data" || content?.$case === "url" ? content.value : undefined;
  return PART_FRAME + jsonBytes({ metadata, filename, mediaType, fixed });
}

function jsonUnits(metadata: object | undefined): number {
  return metadata === undefined ? 0 : JSON.stringify(metadata).length;
}

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

import type { Message, Part, StreamResponse, Task } from "@a2a-js/sdk";
import type { PayloadRef, Payloads } from "../../ports/payloads.ts";
import type { TaskKey } from "../../ports/task-log.ts";
import { toBytes, toText } from "./utf8.ts";

/**
 * Where a part's content is stored, if it is too large for a row (docs/architecture.md#large-content). Recorded per
 * part object, so that a snapshot does not store the content again.
 */
const claims = new WeakMap<Part, PayloadRef>();

/** A part's content over this many bytes is stored as a payload. */
const CLAIM_BYTES = 48 * 1024;

/** `[index in wire order, kind, reference]` of a part whose content is a payload. */
export type LargePart = readonly [number, "text" | "raw" | "data", PayloadRef];

/** The parts that an event carries, in wire order. */
export function partsOf({ payload }: StreamResponse, message?: Message): readonly Part[] {
  const carried = payload && partsOfPayload(payload);
  return message ? [...message.parts, ...(carried ?? [])] : (carried ?? []);
}

export function partsOfTask(task: Task): readonly Part[] {
  const parts = [...(task.status?.message?.parts ?? [])];
  for (const artifact of task.artifacts) {
    parts.push(...artifact.parts);
  }
  for (const message of task.history) {
    parts.push(...message.parts);
  }
  return parts;
}

export function hasLargeContent(parts: readonly Part[]): boolean {
  return parts.some((part) => sizeOf(part) > CLAIM_BYTES && !claims.has(part));
}

/** Stores the content that is too large for a row. Idempotent. @throws StoreError */
export async function storeLargeContent(payloads: Payloads, task: TaskKey, parts: readonly Part[]): Promise<void> {
  for (const part of parts) {
    if (sizeOf(part) > CLAIM_BYTES && !claims.has(part)) {
      claims.set(part, await payloads.put(task, contentBytes(part)));
    }
  }
}

export function toLargeParts(parts: readonly Part[]): LargePart[] | undefined {
  if (!parts.some((part) => claims.has(part))) {
    return undefined;
  }
  return parts.flatMap((part, at): LargePart[] => {
    const claim = claims.get(part);
    const kind = part.content?.$case;
    return claim && kind && kind !== "url" ? [[at, kind, claim]] : [];
  });
}

/** Reads the payloads of `entries` into their parts. @throws StoreError */
export async function restoreLargeContent(
  payloads: Payloads,
  task: TaskKey,
  parts: readonly Part[],
  entries: readonly LargePart[],
): Promise<void> {
  await Promise.all(
    entries.map(async ([at, kind, claim]) => {
      const part = parts[at];
      if (part) {
        part.content = toContent(kind, await payloads.get(task, claim));
        claims.set(part, claim);
      }
    }),
  );
}

/** The same event without the content that is stored as payloads. */
export function withoutLargeContent(response: StreamResponse): StreamResponse {
  const payload = response.payload;
  switch (payload?.$case) {
    case "task":
      return { payload: { $case: "task", value: withoutLargeContentInTask(payload.value) } };
    case "statusUpdate": {
      const { status } = payload.value;
      const said = status?.message && withoutLargeContentInMessage(status.message);
      return {
        payload: { $case: "statusUpdate", value: { ...payload.value, status: status && { ...status, message: said } } },
      };
    }
    case "artifactUpdate": {
      const { artifact } = payload.value;
      const stripped = artifact && { ...artifact, parts: artifact.parts.map(withoutPayload) };
      return { payload: { $case: "artifactUpdate", value: { ...payload.value, artifact: stripped } } };
    }
    default:
      return response;
  }
}

export function withoutLargeContentInTask(task: Task): Task {
  const said = task.status?.message && withoutLargeContentInMessage(task.status.message);
  return {
    ...task,
    status: task.status && { ...task.status, message: said },
    artifacts: task.artifacts.map((artifact) => ({ ...artifact, parts: artifact.parts.map(withoutPayload) })),
    history: task.history.map(withoutLargeContentInMessage),
  };
}

export function withoutLargeContentInMessage(message: Message): Message {
  return { ...message, parts: message.parts.map(withoutPayload) };
}

/** Bytes of a part's content; for text and data the number of UTF-16 units, which is at least a third of the bytes. */
export function sizeOf({ content }: Part): number {
  switch (content?.$case) {
    case "raw":
      return content.value.byteLength;
    case "data":
      return sizeOfJson(content.value);
    case "text":
      return content.value.length;
    default:
      return 0;
  }
}

function partsOfPayload(payload: NonNullable<StreamResponse["payload"]>): readonly Part[] | undefined {
  switch (payload.$case) {
    case "task":
      return partsOfTask(payload.value);
    case "message":
      return payload.value.parts;
    case "statusUpdate":
      return payload.value.status?.message?.parts;
    case "artifactUpdate":
      return payload.value.artifact?.parts;
  }
}

function sizeOfJson(value: unknown): number {
  if (typeof value === "string") {
    return value.length;
  }
  return typeof value === "object" && value !== null ? JSON.stringify(value).length : 8;
}

function toContent(kind: LargePart[1], bytes: Uint8Array): NonNullable<Part["content"]> {
  switch (kind) {
    case "raw":
      return { $case: "raw", value: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
    case "text":
      return { $case: "text", value: toText(bytes) };
    case "data":
      return { $case: "data", value: JSON.parse(toText(bytes)) };
  }
}

function contentBytes({ content }: Part): Uint8Array {
  switch (content?.$case) {
    case "raw":
      return content.value;
    case "data":
      return toBytes(JSON.stringify(content.value));
    default:
      return toBytes(content?.value ?? "");
  }
}

function withoutPayload(part: Part): Part {
  return claims.has(part) ? { ...part, content: undefined } : part;
}

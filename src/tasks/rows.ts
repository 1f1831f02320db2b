import { Message, StreamResponse, Task } from "@a2a-js/sdk";
import type { Part } from "@a2a-js/sdk";
import type { Claim, Payloads } from "../ports/payloads.ts";
import type { LogRow, TaskKey } from "../ports/task-log.ts";

/** One row of the log: an event, what it adds to the history, and the epoch it was written in. */
export interface LogEvent {
  readonly generation: number;
  readonly epoch: number;
  readonly response: StreamResponse;
  /** The caller's message that began a later turn: in the history, not in the event itself. */
  readonly message?: Message;
  /** Of the write that began a turn, so that its writer recognises it later. */
  readonly nonce?: string;
}

/** A part's content over this many bytes goes to a blob of its own. */
const CLAIM_BYTES = 48 * 1024;
/** A row's whole body over this many bytes goes to a blob. */
const BODY_BYTES = 900 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Claims of parts already stored, so that a snapshot does not store them again. */
const claims = new WeakMap<Part, Claim>();

export const HEAD = "head";
export const SNAPSHOT = "s";

export function eventKey(generation: number): string {
  return `e-${String(generation).padStart(10, "0")}`;
}

/** Stores what is too large for a row. Call it before encoding; cheap when nothing is. */
export async function claimParts(payloads: Payloads, task: TaskKey, parts: readonly Part[]): Promise<void> {
  for (const part of parts) {
    if (!claims.has(part) && sizeOf(part) > CLAIM_BYTES) {
      claims.set(part, await payloads.put(task, contentBytes(part)));
    }
  }
}

export function needsClaim(parts: readonly Part[]): boolean {
  return parts.some((part) => !claims.has(part) && sizeOf(part) > CLAIM_BYTES);
}

/** The parts that an event carries, in wire order. */
export function partsOf(response: StreamResponse, message?: Message): readonly Part[] {
  const own = message?.parts ?? [];
  switch (response.payload?.$case) {
    case "task":
      return [...own, ...partsOfTask(response.payload.value)];
    case "message":
      return [...own, ...response.payload.value.parts];
    case "statusUpdate":
      return [...own, ...(response.payload.value.status?.message?.parts ?? [])];
    case "artifactUpdate":
      return [...own, ...(response.payload.value.artifact?.parts ?? [])];
    default:
      return own;
  }
}

export function partsOfTask(task: Task): readonly Part[] {
  return [
    ...(task.status?.message?.parts ?? []),
    ...task.artifacts.flatMap((artifact) => artifact.parts),
    ...task.history.flatMap((message) => message.parts),
  ];
}

export function encodeEvent(payloads: Payloads, task: TaskKey, event: LogEvent): Promise<LogRow> | LogRow {
  const json = {
    epoch: event.epoch,
    event: StreamResponse.toJSON(withoutClaimed(event.response)),
    ...(event.message && { message: Message.toJSON(withoutClaimedMessage(event.message)) }),
    ...(event.nonce && { nonce: event.nonce }),
    ...claimList(partsOf(event.response, event.message)),
  };
  return encodeBody(payloads, task, eventKey(event.generation), json);
}

export function encodeSnapshot(
  payloads: Payloads,
  key: TaskKey,
  generation: number,
  task: Task,
): Promise<LogRow> | LogRow {
  const json = { generation, task: Task.toJSON(withoutClaimedTask(task)), ...claimList(partsOfTask(task)) };
  return encodeBody(payloads, key, SNAPSHOT, json);
}

export async function decodeEvent(payloads: Payloads, task: TaskKey, row: LogRow): Promise<LogEvent> {
  const json = await decodeBody(payloads, task, row.body);
  const response = StreamResponse.fromJSON(json["event"]);
  const message = json["message"] === undefined ? undefined : Message.fromJSON(json["message"]);
  await redeem(payloads, task, partsOf(response, message), json["claims"]);
  return {
    generation: Number.parseInt(row.key.slice(2), 10),
    epoch: Number(json["epoch"]),
    response,
    ...(message && { message }),
    ...(typeof json["nonce"] === "string" && { nonce: json["nonce"] }),
  };
}

export async function decodeSnapshot(
  payloads: Payloads,
  key: TaskKey,
  body: Uint8Array,
): Promise<{ readonly generation: number; readonly task: Task }> {
  const json = await decodeBody(payloads, key, body);
  const task = Task.fromJSON(json["task"]);
  await redeem(payloads, key, partsOfTask(task), json["claims"]);
  return { generation: Number(json["generation"]), task };
}

/** `[index in wire order, kind, claim]` for each part whose content is elsewhere. */
type ClaimEntry = readonly [number, "text" | "raw" | "data", Claim];

function claimList(parts: readonly Part[]): { claims?: ClaimEntry[] } {
  const entries: ClaimEntry[] = [];
  parts.forEach((part, at) => {
    const claim = claims.get(part);
    const kind = part.content?.$case;
    if (claim && kind && kind !== "url") {
      entries.push([at, kind, claim]);
    }
  });
  return entries.length > 0 ? { claims: entries } : {};
}

async function redeem(payloads: Payloads, task: TaskKey, parts: readonly Part[], entries: unknown): Promise<void> {
  if (!Array.isArray(entries)) {
    return;
  }
  await Promise.all(
    (entries as ClaimEntry[]).map(async ([at, kind, claim]) => {
      const part = parts[at];
      if (part) {
        part.content = toContent(kind, await payloads.get(task, claim));
        claims.set(part, claim);
      }
    }),
  );
}

function toContent(kind: ClaimEntry[1], bytes: Uint8Array): NonNullable<Part["content"]> {
  switch (kind) {
    case "raw":
      return { $case: "raw", value: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
    case "text":
      return { $case: "text", value: decoder.decode(bytes) };
    case "data":
      return { $case: "data", value: JSON.parse(decoder.decode(bytes)) };
  }
}

function contentBytes({ content }: Part): Uint8Array {
  switch (content?.$case) {
    case "raw":
      return content.value;
    case "data":
      return encoder.encode(JSON.stringify(content.value));
    default:
      return encoder.encode(content?.value ?? "");
  }
}

/** Bytes of a part's content; for text and data at least a third of them, which is enough to find the large ones. */
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

function sizeOfJson(value: unknown): number {
  if (typeof value === "string") {
    return value.length;
  }
  return typeof value === "object" && value !== null ? JSON.stringify(value).length : 8;
}

function encodeBody(payloads: Payloads, task: TaskKey, key: string, json: object): Promise<LogRow> | LogRow {
  const body = encoder.encode(JSON.stringify(json));
  if (body.byteLength <= BODY_BYTES) {
    return { key, body };
  }
  return payloads.put(task, body).then((claim) => ({ key, body: encoder.encode(JSON.stringify({ body: claim })) }));
}

async function decodeBody(payloads: Payloads, task: TaskKey, body: Uint8Array): Promise<Record<string, unknown>> {
  const json: Record<string, unknown> = JSON.parse(decoder.decode(body));
  if (json["body"] === undefined) {
    return json;
  }
  return JSON.parse(decoder.decode(await payloads.get(task, json["body"] as Claim)));
}

function withoutClaimed(response: StreamResponse): StreamResponse {
  const payload = response.payload;
  switch (payload?.$case) {
    case "task":
      return { payload: { $case: "task", value: withoutClaimedTask(payload.value) } };
    case "statusUpdate": {
      const status = payload.value.status;
      return status?.message && hasClaim(status.message.parts)
        ? {
            payload: {
              ...payload,
              value: { ...payload.value, status: { ...status, message: withoutClaimedMessage(status.message) } },
            },
          }
        : response;
    }
    case "artifactUpdate": {
      const artifact = payload.value.artifact;
      return artifact && hasClaim(artifact.parts)
        ? {
            payload: {
              ...payload,
              value: { ...payload.value, artifact: { ...artifact, parts: artifact.parts.map(emptied) } },
            },
          }
        : response;
    }
    default:
      return response;
  }
}

function withoutClaimedTask(task: Task): Task {
  if (!hasClaim(partsOfTask(task))) {
    return task;
  }
  return {
    ...task,
    status: task.status && {
      ...task.status,
      message: task.status.message && withoutClaimedMessage(task.status.message),
    },
    artifacts: task.artifacts.map((artifact) => ({ ...artifact, parts: artifact.parts.map(emptied) })),
    history: task.history.map(withoutClaimedMessage),
  };
}

function withoutClaimedMessage(message: Message): Message {
  return hasClaim(message.parts) ? { ...message, parts: message.parts.map(emptied) } : message;
}

function emptied(part: Part): Part {
  return claims.has(part) ? { ...part, content: undefined } : part;
}

function hasClaim(parts: readonly Part[]): boolean {
  return parts.some((part) => claims.has(part));
}

import { StreamResponse } from "@a2a-js/sdk";
import type { Artifact, Part, TaskArtifactUpdateEvent } from "@a2a-js/sdk";
import { describe, expect, test } from "vitest";
import { splitEvent } from "../../../src/protocol/streams/split-event.ts";
import { toTask } from "./fake-gateway.ts";

/** Bytes of one response. */
const LIMIT = 20_000;
/** And of one event, with what stands around the response. */
const MAX_EVENT = LIMIT + 16 * 1024;

function part(content: Part["content"], metadata?: Part["metadata"]): Part {
  return { content, metadata, filename: "f", mediaType: "m/m" };
}
const text = (value: string): Part => part({ $case: "text", value });
const raw = (size: number): Part =>
  part({ $case: "raw", value: Buffer.from(Uint8Array.from({ length: size }, (_, at) => at)) });

function artifact(parts: Part[], artifactId = "a"): Artifact {
  return { artifactId, name: "name", description: "", parts, metadata: { k: 1 }, extensions: [] };
}

function update(parts: Part[], more: Partial<TaskArtifactUpdateEvent> = {}): StreamResponse {
  const value = {
    taskId: "t",
    contextId: "c",
    artifact: artifact(parts),
    append: false,
    lastChunk: true,
    metadata: undefined,
    ...more,
  };
  return { payload: { $case: "artifactUpdate", value } };
}

function updatesOf(pieces: readonly StreamResponse[]): TaskArtifactUpdateEvent[] {
  return pieces.flatMap(({ payload }) => (payload?.$case === "artifactUpdate" ? [payload.value] : []));
}

function sizeOf(response: StreamResponse): number {
  return new TextEncoder().encode(JSON.stringify(StreamResponse.toJSON(response))).byteLength;
}

describe("splitting an artifact update", () => {
  test("leaves what fits alone", () => {
    const response = update([text("short"), raw(10)]);
    expect(splitEvent(response, MAX_EVENT)).toEqual([response]);
  });

  test.each([
    ["ASCII", "a".repeat(50_000)],
    ["control characters", "\u0001".repeat(20_000)],
    ["quotes", '"\\'.repeat(30_000)],
    ["pairs of surrogates", "😀".repeat(20_000)],
    ["pairs of surrogates off by one", `a${"😀".repeat(20_000)}`],
    ["lone surrogates", "\ud800".repeat(10_000)],
  ])("cuts %s between code points, and loses nothing", (_name, value) => {
    const pieces = splitEvent(update([text(value)]), MAX_EVENT);
    expect(pieces.length).toBeGreaterThan(2);
    const texts = updatesOf(pieces).flatMap(
      ({ artifact: one }) => one?.parts.map(({ content }) => content?.value as string) ?? [],
    );
    expect(texts.join("") === value).toBe(true);
    expect(texts.every((piece) => piece.isWellFormed() || !value.isWellFormed())).toBe(true);
    expect(Math.max(...pieces.map(sizeOf))).toBeLessThanOrEqual(LIMIT);
    expect(Math.min(...pieces.slice(0, -1).map(sizeOf))).toBeGreaterThan(LIMIT / 2);
  });

  test("keeps within half of a limit that leaves no more for it", () => {
    const pieces = splitEvent(update([text("a".repeat(50_000))]), LIMIT);
    expect(Math.max(...pieces.map(sizeOf))).toBeLessThanOrEqual(LIMIT / 2);
    expect(Math.min(...pieces.slice(0, -1).map(sizeOf))).toBeGreaterThan(LIMIT / 4);
  });

  test("cuts bytes, keeps data whole, and packs small parts together in their order", () => {
    const parts = [
      text("first"),
      raw(40_000),
      part({ $case: "data", value: { big: "x".repeat(30_000) } }),
      text("b"),
      text("c"),
    ];
    const pieces = splitEvent(update(parts), MAX_EVENT);
    const all = updatesOf(pieces).flatMap(({ artifact: one }) => one?.parts ?? []);
    const bytes = all.flatMap(({ content }) => (content?.$case === "raw" ? [content.value] : []));
    expect(Buffer.concat(bytes).equals(parts[1]?.content?.value as Buffer)).toBe(true);
    expect(all.filter(({ content }) => content?.$case !== "raw")).toEqual([parts[0], parts[2], parts[3], parts[4]]);
    expect(all.every(({ filename, mediaType }) => filename === "f" && mediaType === "m/m")).toBe(true);
    expect(updatesOf(pieces).at(-1)?.artifact?.parts).toEqual([parts[3], parts[4]]);
  });

  test("appends all pieces but the first, closes with the last, and says name and metadata once", () => {
    const pieces = updatesOf(splitEvent(update([text("a".repeat(50_000))], { metadata: { m: 1 } }), MAX_EVENT));
    expect(pieces.map(({ append }) => append)).toEqual([false, true, true]);
    expect(pieces.map(({ lastChunk }) => lastChunk)).toEqual([false, false, true]);
    expect(pieces.map(({ artifact: one }) => [one?.artifactId, one?.name, one?.metadata])).toEqual([
      ["a", "name", { k: 1 }],
      ["a", "", undefined],
      ["a", "", undefined],
    ]);
    expect(pieces.map(({ metadata }) => metadata)).toEqual([{ m: 1 }, CONTINUES, CONTINUES]);
    const open = updatesOf(
      splitEvent(update([text("a".repeat(50_000))], { append: true, lastChunk: false }), MAX_EVENT),
    );
    expect(open.map(({ append, lastChunk }) => [append, lastChunk])).toEqual([
      [true, false],
      [true, false],
      [true, false],
    ]);
  });
});

test("a client that joins parts as the extension says has the artifact of GetTask", () => {
  const parts = [
    text("a".repeat(9_000)),
    text("b".repeat(50_000)),
    raw(70_000),
    text("c"),
    raw(10),
    raw(60_000),
    part({ $case: "data", value: { n: 1 } }),
    text("é".repeat(40_000)),
    text("d".repeat(30_000)),
  ];
  let joined: Part[] = [];
  for (const { artifact: one, append, metadata } of updatesOf(splitEvent(update(parts), MAX_EVENT))) {
    const more = [...(one?.parts ?? [])];
    joined = append ? joined : [];
    const last = joined.at(-1);
    if (metadata?.["urn:a2a-azure-gateway:durable:v1:continues"] === true && last) {
      joined[joined.length - 1] = join(last, more.shift());
    }
    joined.push(...more);
  }
  expect(joined).toEqual(parts);
});

const CONTINUES = { "urn:a2a-azure-gateway:durable:v1:continues": true };

function join(one: Part, rest: Part | undefined): Part {
  if (one.content?.$case === "raw" && rest?.content?.$case === "raw") {
    return { ...one, content: { $case: "raw", value: Buffer.concat([one.content.value, rest.content.value]) } };
  }
  if (one.content?.$case === "text" && rest?.content?.$case === "text") {
    return { ...one, content: { $case: "text", value: one.content.value + rest.content.value } };
  }
  throw new Error("only text continues text, and bytes bytes");
}

describe("splitting a Task", () => {
  test("leaves out the history, and sends artifacts that do not fit after it, in order", () => {
    const message = {
      messageId: "m",
      contextId: "",
      taskId: "",
      role: 1,
      parts: [],
      metadata: undefined,
      extensions: [],
      referenceTaskIds: [],
    };
    const artifacts = [
      artifact([text("a")], "1"),
      artifact([text("b".repeat(30_000))], "2"),
      artifact([text("c")], "3"),
    ];
    const task = { ...toTask({}), history: [message], artifacts };
    const pieces = splitEvent({ payload: { $case: "task", value: task } }, MAX_EVENT);
    expect(pieces[0]?.payload?.value).toEqual({ ...task, history: [], artifacts: [artifacts[0]] });
    const updates = updatesOf(pieces);
    expect(
      updates.map(({ artifact: one, append, lastChunk, taskId, contextId }) => [
        one?.artifactId,
        append,
        lastChunk,
        taskId,
        contextId,
      ]),
    ).toEqual([
      ["2", false, false, "t-1", "c-1"],
      ["2", true, false, "t-1", "c-1"],
      ["3", false, false, "t-1", "c-1"],
    ]);
    expect(Math.max(...pieces.map(sizeOf))).toBeLessThanOrEqual(LIMIT);
    expect(task.history).toHaveLength(1);
  });
});

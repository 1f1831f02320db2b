import { Task, TaskState } from "@a2a-js/sdk";
import type { Part } from "@a2a-js/sdk";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMemoryPayloads } from "../../../src/adapters/memory/payloads.ts";
import type { Payloads } from "../../../src/ports/payloads.ts";
import { partsOfTask, storeLargeContent } from "../../../src/tasks/log/large-content.ts";
import { decodeSnapshot, encodeSnapshot, taskJsonOf } from "../../../src/tasks/log/rows.ts";
import { layouts, readRowFixture } from "../../support/row-fixture.ts";
import { createFixture, messageOf, request } from "./engine-fixture.ts";

const key = { scope: "a".repeat(32), taskId: "t" };

/** What a row says beside the task, as values and names that an agent may choose. */
const lookalikes = [
  ',"claims":[',
  ',"nulls":[',
  '{"generation":1,"task":',
  '"}],"claims":[[0,"text"',
  "claims",
  "nulls",
];

const word = fc.oneof(fc.string({ unit: "binary", maxLength: 12 }), fc.constantFrom(...lookalikes));
const longText = fc.tuple(word, fc.integer({ min: 49_000, max: 60_000 })).map(([text, length]) => {
  return (text === "" ? "x" : text).repeat(Math.ceil(length / Math.max(text.length, 1)));
});
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    word,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.oneof(word, fc.constantFrom("claims", "nulls", "task", "generation", "body")), tie("value"), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
  ),
})).value;
const content = fc.oneof(
  fc.record({ $case: fc.constant("text" as const), value: word }),
  fc.record({ $case: fc.constant("url" as const), value: word }),
  fc.record({
    $case: fc.constant("raw" as const),
    value: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  }),
  fc.record({ $case: fc.constant("data" as const), value: json }),
  fc.constant({ $case: "data" as const, value: null }),
  { arbitrary: fc.record({ $case: fc.constant("text" as const), value: longText }), weight: 1 },
);
const metadata = fc.option(fc.dictionary(word, json, { maxKeys: 2, noNullPrototype: true }), { nil: undefined });
const part: fc.Arbitrary<Part> = fc.record({ content, metadata, filename: word, mediaType: word });
const parts = fc.array(part, { maxLength: 4 });
const tasks: fc.Arbitrary<Task> = fc
  .record({ ofArtifact: parts, ofStatus: parts, ofHistory: parts, metadata })
  .map(({ ofArtifact, ofStatus, ofHistory, metadata: own }) => ({
    id: "t",
    contextId: "c",
    status: {
      state: TaskState.TASK_STATE_COMPLETED,
      message: { ...messageOf("done"), parts: ofStatus },
      timestamp: "2026-01-02T03:04:05.000Z",
    },
    artifacts: [{ artifactId: "a", name: "", description: "", parts: ofArtifact, metadata: undefined, extensions: [] }],
    history: [{ ...messageOf("go"), parts: ofHistory }],
    metadata: own,
  }));

/** As the store has it, and as it comes back from there. */
async function store(payloads: Payloads, task: Task) {
  await storeLargeContent(payloads, key, partsOfTask(task));
  const { row, json: text } = encodeSnapshot(12, task);
  return { row, text, decoded: (await decodeSnapshot(payloads, key, row.body)).task };
}

/** As 0.1.0 wrote it: what is elsewhere is named behind the task. */
function toOldBody(body: string): string {
  const { generation, task, ...elsewhere } = JSON.parse(body);
  return JSON.stringify({ generation, task, ...elsewhere });
}

describe("a task's text in its snapshot", () => {
  test("is what decoding the snapshot gives, whatever the task holds; a row that holds not all of it has none", async () => {
    let whole = 0;
    let partial = 0;
    await fc.assert(
      fc.asyncProperty(tasks, async (task) => {
        const payloads = createMemoryPayloads();
        const { row, text, decoded } = await store(payloads, task);
        const expected = JSON.stringify(Task.toJSON(decoded));
        for (const body of [row.body, toOldBody(row.body)]) {
          const found = taskJsonOf(body, 12);
          const { claims, nulls } = JSON.parse(body);
          const isPartial = claims !== undefined || nulls !== undefined;
          partial += Number(isPartial);
          whole += Number(found !== undefined);
          expect(found === undefined || (!isPartial && found === expected)).toBe(true);
          expect(taskJsonOf(body, 1)).toBeUndefined();
          expect(taskJsonOf(body, 2)).toBeUndefined();
          expect(taskJsonOf(body, 120)).toBeUndefined();
        }
        expect(text === undefined || text === expected).toBe(true);
        expect(Task.toJSON((await decodeSnapshot(payloads, key, toOldBody(row.body))).task)).toEqual(
          Task.toJSON(decoded),
        );
      }),
      { numRuns: 300 },
    );
    expect(Math.min(whole, partial)).toBeGreaterThan(50);
  });

  test.each(layouts)("is taken from rows of %s only where they hold the whole task", (layout) => {
    let sliced = 0;
    for (const name of ["completed", "asking", "keyed", "canceled"]) {
      const { head, rows, expected } = readRowFixture(layout, name);
      const snapshot = rows["s"] ?? {};
      const { generation } = head as { readonly generation: number };
      const text = taskJsonOf(JSON.stringify(snapshot), generation);
      const isWhole = !("claims" in snapshot || "nulls" in snapshot);
      expect([name, text !== undefined]).toEqual([name, isWhole]);
      sliced += Number(isWhole);
      expect(JSON.parse(text ?? JSON.stringify(expected))).toEqual(expected);
    }
    // Of `completed` a file and a text are elsewhere.
    expect(sliced).toBe(3);
  });

  test("a row whose body is a payload has none", () => {
    expect(taskJsonOf(JSON.stringify({ body: { sha256: "0", bytes: 1 } }), 12)).toBeUndefined();
  });
});

describe("GetTask", () => {
  test("is answered the same from the text as by folding the log, on the instance that ran it and on another", async () => {
    let isTexted = 0;
    await fc.assert(
      fc.asyncProperty(parts, async (given) => {
        const {
          durable,
          call,
          send,
          another,
          parts: engineParts,
        } = createFixture(async (turn) => {
          await turn.artifact("a").close(given);
          await turn.complete("done");
        });
        const { id } = await send("go");
        const found = await durable.get(call(), { id });
        isTexted += Number(found.json !== undefined);
        const texts = [found.json ?? JSON.stringify(Task.toJSON(found.task))];
        texts.push(JSON.stringify(Task.toJSON(await another().get(call(), { id }))));
        const { log } = engineParts;
        const readTask = log.readTask.bind(log);
        log.readTask = async (one) => {
          const stored = await readTask(one);
          return stored && { ...stored, snapshot: undefined };
        };
        const folded = await durable.get(call(), { id });
        expect(folded.json).toBeUndefined();
        texts.push(JSON.stringify(Task.toJSON(folded.task)));
        expect(new Set(texts).size).toBe(1);
      }),
      { numRuns: 60 },
    );
    expect(isTexted).toBeGreaterThan(5);
  });

  test("with a shorter history has no text of the whole", async () => {
    const { durable, call, send } = createFixture(async (turn) => turn.ask("and?"));
    const { id } = await send("go");
    const again: object = { taskId: id };
    await durable.send(call(), request("more", again));
    for (const [historyLength, messages] of [
      [undefined, 3],
      [0, 0],
      [1, 1],
      [100, 3],
    ] as const) {
      const { task, json: text } = await durable.get(call(), { id, historyLength });
      expect(task.history).toHaveLength(messages);
      expect(text === undefined || text === JSON.stringify(Task.toJSON(task))).toBe(true);
    }
  });
});

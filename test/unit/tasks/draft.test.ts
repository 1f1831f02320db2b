import type { StreamResponse } from "@a2a-js/sdk";
import { TaskState } from "@a2a-js/sdk";
import { describe, expect, test } from "vitest";
import { toParts } from "../../../src/tasks/turn/content.ts";
import { bytesOf, takeBatch, weightOf } from "../../../src/tasks/turn/draft.ts";
import type { Draft } from "../../../src/tasks/turn/draft.ts";
import { statusUpdate } from "../../../src/tasks/log/status-update.ts";

function chunk(id: string, append: boolean, more: object = {}, text = "x", lastChunk = false): StreamResponse {
  const artifact = {
    artifactId: id,
    name: "",
    description: "",
    parts: toParts(text),
    metadata: undefined,
    extensions: [],
    ...more,
  };
  return {
    payload: {
      $case: "artifactUpdate",
      value: { taskId: "t", contextId: "c", artifact, append, lastChunk, metadata: undefined },
    },
  };
}

function draft(responses: StreamResponse[], row?: string, size?: number): Draft {
  const bytes = size ?? responses.reduce((sum, response) => sum + bytesOf(response), 0);
  const settle = { resolve() {}, reject() {} };
  return { responses, bytes, weight: bytes, settle, ...(row && { row: { key: row, body: "{}" } }) };
}

const status = statusUpdate("t", "c", TaskState.TASK_STATE_WORKING, undefined);

describe("adjacent chunks of one artifact", () => {
  test("become one, which is the last where its last one is", () => {
    const pending = [draft([chunk("a", false)]), draft([chunk("a", true)]), draft([chunk("a", true, {}, "y", true)])];
    const { drafts, responses } = takeBatch(pending);
    expect(drafts).toHaveLength(3);
    expect(pending).toEqual([]);
    expect(responses).toHaveLength(1);
    const payload = responses[0]?.payload;
    expect(payload?.$case === "artifactUpdate" && payload.value).toMatchObject({ append: false, lastChunk: true });
    expect(
      payload?.$case === "artifactUpdate" && payload.value.artifact?.parts.map(({ content }) => content?.value),
    ).toEqual(["x", "x", "y"]);
  });

  test.each([
    ["another artifact", chunk("b", true)],
    ["a new writing", chunk("a", false)],
    ["a name", chunk("a", true, { name: "n" })],
    ["metadata", chunk("a", true, { metadata: {} })],
    ["extensions", chunk("a", true, { extensions: ["urn:x"] })],
    ["a status", status],
  ])("are not joined by %s", (_what, other) => {
    expect(takeBatch([draft([chunk("a", false)]), draft([other])]).responses).toHaveLength(2);
  });

  test("stay apart where one of them carries a row", () => {
    const { responses, rows } = takeBatch([draft([chunk("a", false)]), draft([chunk("a", true)], "k-1")]);
    expect([responses.length, rows.length]).toEqual([2, 1]);
  });

  test("are merged up to what a client takes in one event", () => {
    const pending = Array.from({ length: 10 }, (_, at) => draft([chunk("a", at > 0)], undefined, 100 * 1024));
    expect(takeBatch(pending).responses).toHaveLength(5);
  });
});

describe("one transaction", () => {
  test("takes at most 97 rows and leaves the rest in order", () => {
    const pending = Array.from({ length: 100 }, () => draft([status]));
    const kept = pending.slice(96);
    expect(takeBatch(pending).responses.length).toBeLessThanOrEqual(97);
    expect(pending).toEqual(kept);
  });

  test("includes the rows of results", () => {
    const pending = Array.from({ length: 60 }, (_, at) => draft([status], `k-${at}`));
    const { responses, rows } = takeBatch(pending);
    expect(responses.length + rows.length).toBeLessThanOrEqual(97);
  });

  test("never parts a group", () => {
    const pending = [
      ...Array.from({ length: 20 }, () => draft([status])),
      draft(
        Array.from({ length: 90 }, () => status),
        "k-1",
      ),
    ];
    expect(takeBatch(pending).responses).toHaveLength(20);
    const { responses, rows } = takeBatch(pending);
    expect([responses.length, rows.length]).toEqual([90, 1]);
  });

  test("takes the first draft however large, and ends before one that is too much", () => {
    const pending = [draft([status], undefined, 9e6), draft([status], undefined, 9e5), draft([status], undefined, 9e5)];
    expect([takeBatch(pending).drafts.length, takeBatch(pending).drafts.length]).toEqual([1, 1]);
  });

  test("names a row once: of two checkpoints the later one", () => {
    const [first, second] = [draft([], "k-state"), draft([], "k-state")];
    const { drafts, rows } = takeBatch([first, draft([], "k-1"), second]);
    expect(drafts).toHaveLength(3);
    expect(rows).toEqual([second.row, { key: "k-1", body: "{}" }]);
    expect(rows[0]).toBe(second.row);
  });
});

test("an event's bytes count links, file names and metadata", () => {
  const long = "x".repeat(10_000);
  const cases = [
    chunk("a", false, { parts: toParts([{ url: long }]) }),
    chunk("a", false, { parts: toParts([{ text: "", filename: long }]) }),
    chunk("a", false, { parts: toParts([{ text: "", metadata: { long } }]) }),
    chunk("a", false, { metadata: { long } }),
  ];
  for (const response of cases) {
    expect(bytesOf(response)).toBeGreaterThan(60_000);
    expect(weightOf(response)).toBeGreaterThan(10_000);
    expect(weightOf(response)).toBeLessThan(12_000);
  }
});

import { TaskState } from "@a2a-js/sdk";
import type { Artifact, StreamResponse, Task } from "@a2a-js/sdk";
import { expect, test } from "vitest";
import { toParts } from "../../../src/tasks/turn/content.ts";
import { fold } from "../../../src/tasks/log/fold.ts";
import { statusUpdate } from "../../../src/tasks/log/status-update.ts";
import { messageOf } from "./engine-fixture.ts";

const task: Task = { id: "t", contextId: "c", status: undefined, artifacts: [], history: [], metadata: undefined };

function chunk(artifactId: string, append: boolean, more: Partial<Artifact> = {}): StreamResponse {
  const parts = toParts(more.name ?? "x");
  const artifact = { artifactId, name: "", description: "", parts, metadata: undefined, extensions: [], ...more };
  const value = { taskId: "t", contextId: "c", artifact, append, lastChunk: false, metadata: undefined };
  return { payload: { $case: "artifactUpdate", value } };
}

test("a status' message joins the history once the next status replaces it, ahead of the caller's", () => {
  const asked = fold(task, statusUpdate("t", "c", TaskState.TASK_STATE_INPUT_REQUIRED, messageOf("asked")));
  expect(asked.history).toEqual([]);
  const answered = fold(asked, statusUpdate("t", "c", TaskState.TASK_STATE_WORKING, undefined), messageOf("answer"));
  expect(answered.history.map(({ parts }) => parts[0]?.content?.value)).toEqual(["asked", "answer"]);
});

test("an artifact is added, extended in place, or replaced", () => {
  const events = [
    chunk("a", false, { name: "n", metadata: { k: 1 } }),
    chunk("b", false),
    chunk("a", true, { metadata: { l: 2 } }),
  ];
  const grown = events.reduce((folded, event) => fold(folded, event), task);
  expect(grown.artifacts).toMatchObject([
    { artifactId: "a", name: "n", metadata: { k: 1, l: 2 } },
    { artifactId: "b" },
  ]);
  expect(grown.artifacts[0]?.parts).toHaveLength(2);
  expect(fold(grown, chunk("a", false)).artifacts.map(({ name, parts }) => [name, parts.length])).toEqual([
    ["", 1],
    ["", 1],
  ]);
  expect(task.artifacts).toEqual([]);
});

import { ListTasksRequest, Task, TaskState } from "@a2a-js/sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMemoryPayloads } from "../../src/adapters/memory/payloads.ts";
import { createMemoryTaskIndex } from "../../src/adapters/memory/task-index.ts";
import { createMemoryTaskLog } from "../../src/adapters/memory/task-log.ts";
import { openStorageAccount } from "../../src/adapters/storage-account/storage-account.ts";
import { startAzurite } from "../../src/hosts/node/azurite.ts";
import type { Azurite } from "../../src/hosts/node/azurite.ts";
import { fold } from "../../src/tasks/log/fold.ts";
import type { LoggedResponse } from "../../src/tasks/task-engine.ts";
import { createFixtureEngine, toCommand, WRITTEN_AT } from "../support/row-fixture-engine.ts";
import type { Stores } from "../support/row-fixture-engine.ts";
import { layouts, loadRows, readRowFixture } from "../support/row-fixture.ts";

const DAY = 86_400_000;
const names = ["completed", "asking", "keyed", "canceled", "crashed"] as const;

let azurite: Azurite | undefined;
afterAll(() => azurite?.close());

const adapters: [string, () => Promise<Stores>][] = [
  [
    "memory",
    async () => ({ log: createMemoryTaskLog(), index: createMemoryTaskIndex(), payloads: createMemoryPayloads() }),
  ],
  [
    "a storage account",
    async () => {
      azurite ??= await startAzurite();
      return openStorageAccount(azurite);
    },
  ],
];
const cases = layouts.flatMap((layout) => adapters.map(([name, open]) => ({ layout, name, open })));

test("rows of the first layout are kept", () => {
  expect(layouts).toContain("rows-v1");
});

describe.each(cases)("tasks of $layout in $name", ({ layout, open }) => {
  const { completed, asking, keyed, canceled, crashed } = Object.fromEntries(
    names.map((name) => [name, readRowFixture(layout, name)]),
  ) as Record<(typeof names)[number], ReturnType<typeof readRowFixture>>;
  let fixture: ReturnType<typeof createFixtureEngine>;

  beforeAll(async () => {
    const stores = await open();
    for (const one of [completed, asking, keyed, canceled, crashed]) await loadRows(stores, one);
    fixture = createFixtureEngine(stores, WRITTEN_AT + DAY);
  });

  const get = async (id: string): Promise<Task> => fixture.engine.get(fixture.call(), { id });

  test.each([completed, asking, keyed, canceled, crashed])("are read as they were ($task.taskId)", async (one) => {
    expect(Task.toJSON(await get(one.task.taskId))).toEqual(one.expected);
  });

  test("are listed, newest first", async () => {
    const { engine, call } = fixture;
    const { tasks } = await engine.list(call(), ListTasksRequest.fromJSON({ includeArtifacts: true }));
    const all = [canceled, keyed, asking, completed, crashed].map(({ expected }) => expected as { id: string });
    expect(new Set(tasks.map(({ id }) => id))).toEqual(new Set(all.map(({ id }) => id)));
    const times = tasks.map(({ status }) => status?.timestamp ?? "");
    expect(times).toEqual(times.toSorted().toReversed());
  });

  test("are replayed without a gap, and add up to what is read", async () => {
    const { engine, call } = fixture;
    const events: LoggedResponse[] = [];
    for await (const event of engine.subscribe(call({ lastEventId: 0 }), { id: completed.task.taskId }))
      events.push(event);
    expect(events.map(({ generation }) => generation)).toEqual([1, 2, 3, 4, 5, 6]);
    const [first, ...more] = events;
    const created = first?.response.payload?.$case === "task" ? first.response.payload.value : Task.fromJSON({});
    const task = more.reduce((folded, { response }) => fold(folded, response), created);
    expect(Task.toJSON(task)).toEqual(completed.expected);
  });

  test("that ended stay as they ended", async () => {
    const { engine, call } = fixture;
    expect(Task.toJSON(await engine.cancel(call(), { id: canceled.task.taskId }))).toEqual(canceled.expected);
    await expect(engine.cancel(call(), { id: completed.task.taskId })).rejects.toMatchObject({
      fault: { code: "not-cancelable" },
    });
  });

  test("that asked are continued, with their checkpoint", async () => {
    const { engine, call } = fixture;
    const { taskId } = asking.task;
    const task = (await engine.send(call(), toCommand("this one", { taskId }))) as Task;
    expect(task.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
    expect(task.status?.message?.parts[0]?.content?.value).toBe('{"asked":1} and this one');
    expect(Task.toJSON(await get(taskId))).toEqual(Task.toJSON(task));
  });

  test("that were sent under a key are found by it, and no other message is", async () => {
    const { engine, call } = fixture;
    const by = call({ idempotencyKey: "key-1" });
    const again = (await engine.send(by, toCommand("ask", { messageId: "another" }))) as Task;
    expect(Task.toJSON(again)).toEqual(keyed.expected);
    await expect(engine.send(by, toCommand("wait"))).rejects.toMatchObject({ fault: { code: "invalid" } });
  });

  test("that have no holder are taken over, without their completed steps", async () => {
    const { engine, queued, steps } = fixture;
    const { taskId } = crashed.task;
    await engine.sweep();
    const work = queued.find((message) => message.taskId === taskId);
    expect(work).toMatchObject({ kind: "turn", turn: 1 });
    if (work?.kind === "turn") await engine.work(work);
    const task = await get(taskId);
    expect(task.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
    expect(task.status?.message?.parts[0]?.content?.value).toBe('[{"at":1},[2]]');
    expect(task.artifacts.map(({ artifactId }) => artifactId)).toEqual(["one", "two"]);
    expect(steps).toEqual(["two"]);
  });

  test("are canceled while they wait", async () => {
    const { engine, call } = fixture;
    const task = await engine.cancel(call(), { id: keyed.task.taskId });
    expect(task.status?.state).toBe(TaskState.TASK_STATE_CANCELED);
  });
});

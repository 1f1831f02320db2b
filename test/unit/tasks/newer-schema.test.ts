import { Task } from "@a2a-js/sdk";
import { describe, expect, test } from "vitest";
import { createMemoryPayloads } from "../../../src/adapters/memory/payloads.ts";
import { createMemoryTaskIndex } from "../../../src/adapters/memory/task-index.ts";
import { createMemoryTaskLog } from "../../../src/adapters/memory/task-log.ts";
import { SCHEMA } from "../../../src/tasks/log/head.ts";
import { createFixtureEngine, toCommand, WRITTEN_AT } from "../../support/row-fixture-engine.ts";
import { loadRows, readRowFixture } from "../../support/row-fixture.ts";

const DAY = 86_400_000;

/** The rows of a task as a program of the next layout would have written them, and an engine of this one. */
async function createWorld(name: string, now = WRITTEN_AT + DAY) {
  const fixture = readRowFixture(`rows-v${SCHEMA}`, name);
  const head = { ...fixture.head, schema: SCHEMA + 1, later: "a field that this program does not know" };
  const stores = { log: createMemoryTaskLog(), index: createMemoryTaskIndex(), payloads: createMemoryPayloads() };
  await loadRows(stores, { ...fixture, head });
  const engine = createFixtureEngine(stores, now);
  const readHead = async (): Promise<unknown> => {
    const body = (await stores.log.readHead(fixture.task))?.body;
    return body && JSON.parse(Buffer.from(body).toString());
  };
  return { ...engine, ...fixture.task, head, readHead, expected: fixture.expected };
}

/** What a caller is told instead: nothing is wrong with the request, and another instance may take it. */
const refusal = { fault: { code: "unsupported", message: expect.stringContaining("newer version") } };

describe("a task of a newer layout", () => {
  test("is read and replayed as far as it is understood", async () => {
    const { engine, call, taskId: id, expected, readHead, head } = await createWorld("completed");
    expect(Task.toJSON(await engine.get(call(), { id }))).toEqual(expected);
    const generations: number[] = [];
    for await (const { generation } of engine.subscribe(call({ lastEventId: 0 }), { id })) generations.push(generation);
    expect(generations).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await readHead()).toEqual(head);
  });

  test("is not taken, by the sweep or by a work message", async () => {
    const { engine, queued, steps, scope, taskId, readHead, head } = await createWorld("crashed");
    await engine.sweep();
    for (const message of queued) if (message.kind === "turn") await engine.work(message);
    await engine.work({ kind: "turn", scope, taskId, agent: "fixture", turn: 1 });
    expect(steps).toEqual([]);
    expect(await readHead()).toEqual(head);
  });

  test("is not continued", async () => {
    const { engine, call, taskId, readHead, head } = await createWorld("asking");
    await expect(engine.send(call(), toCommand("this one", { taskId }))).rejects.toMatchObject(refusal);
    expect(await readHead()).toEqual(head);
  });

  test.each(["asking", "crashed"])("is not canceled (%s)", async (name) => {
    const { engine, call, taskId: id, readHead, head } = await createWorld(name);
    await expect(engine.cancel(call(), { id })).rejects.toMatchObject(refusal);
    expect(await readHead()).toEqual(head);
  });

  test.each(["asking", "completed", "canceled"])(
    "is neither given up nor removed after its time (%s)",
    async (name) => {
      const { engine, readHead, head } = await createWorld(name, WRITTEN_AT + 365 * DAY);
      await engine.sweep();
      await engine.sweep();
      expect(await readHead()).toEqual(head);
    },
  );

  test("is not removed by an operator", async () => {
    const { engine, scope, taskId, readHead, head } = await createWorld("completed");
    expect(await engine.purge({ scope, taskId })).toMatchObject({ removed: 0, kept: [{ taskId }] });
    expect(await readHead()).toEqual(head);
  });

  test("answers the repeat of its send", async () => {
    const { engine, call, expected, readHead, head } = await createWorld("keyed");
    const again = await engine.send(call({ idempotencyKey: "key-1" }), toCommand("ask"));
    expect(Task.toJSON(again as Task)).toEqual(expected);
    expect(await readHead()).toEqual(head);
  });
});

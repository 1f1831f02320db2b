import { TaskState } from "@a2a-js/sdk";
import { describe, expect, test } from "vitest";
import type { LoggedResponse } from "../../../src/tasks/task-engine.ts";
import { collect, createFixture, request, settle } from "./engine-fixture.ts";
import type { Fixture } from "./engine-fixture.ts";

const { TASK_STATE_COMPLETED: COMPLETED, TASK_STATE_CANCELED: CANCELED, TASK_STATE_INPUT_REQUIRED: ASKING } = TaskState;

/** A task whose agent says one word for each step that it is let go. */
function createPaced(): Fixture & { readonly begin: () => Promise<string>; readonly go: () => Promise<void> } {
  const waiting: (() => void)[] = [];
  const fixture = createFixture(async (turn) => {
    for (const word of ["one", "two"]) {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        turn.signal.addEventListener("abort", () => resolve());
      });
      turn.signal.throwIfAborted();
      await turn.working(word);
    }
    await (turn.history.length === 0 ? turn.ask("and?") : turn.complete("done"));
  });
  return {
    ...fixture,
    async begin() {
      const { value } = await fixture.engine.stream(fixture.call(), request("go")).next();
      return value?.response.payload?.$case === "task" ? value.response.payload.value.id : "";
    },
    async go() {
      await settle();
      waiting.shift()?.();
      await settle();
    },
  };
}

const generations = (events: readonly LoggedResponse[]): number[] => events.map(({ generation }) => generation);

describe("a subscription", () => {
  test("gives every client the current task, then what follows", async () => {
    const { begin, go, engine, call, clock, another } = createPaced();
    const id = await begin();
    await go();
    const watching = [engine, engine, another()].map((by) => collect(by.subscribe(call(), { id })));
    await settle();
    await go();
    await clock.advance(1_000);
    const [first, ...others] = await Promise.all(watching);
    expect(generations(first ?? [])).toEqual([2, 3, 4]);
    expect(first?.[0]?.response.payload?.$case).toBe("task");
    for (const other of others) {
      expect(other).toEqual(first);
    }
  });

  test.each([0, 1, 2])("after event %i gives every later one and no snapshot", async (lastEventId) => {
    const { begin, go, engine, call, clock } = createPaced();
    const id = await begin();
    await go();
    const watching = collect(engine.subscribe(call({ lastEventId }), { id }));
    await clock.advance(100);
    await go();
    await clock.advance(1_000);
    expect(generations(await watching)).toEqual([1, 2, 3, 4].slice(lastEventId));
  });

  test("to an ended task gives what was missed, then ends; without a place it is refused", async () => {
    const { send, replay, engine, call } = createFixture(async (turn) => turn.complete("done"));
    const { id } = await send("go");
    expect(generations(await replay(id))).toEqual([1, 2]);
    expect(await collect(engine.subscribe(call({ lastEventId: 2 }), { id }))).toEqual([]);
    await expect(engine.subscribe(call({ lastEventId: 3 }), { id }).next()).rejects.toMatchObject({
      fault: { code: "invalid" },
    });
    await expect(engine.subscribe(call(), { id }).next()).rejects.toMatchObject({ fault: { code: "unsupported" } });
  });

  test("ends when its client goes, and the task does not", async () => {
    const { begin, go, engine, call } = createPaced();
    const id = await begin();
    const client = new AbortController();
    const watching = collect(engine.subscribe(call({ signal: client.signal }), { id }));
    await settle();
    client.abort();
    expect(generations(await watching)).toEqual([1]);
    await go();
    await go();
    expect((await engine.get(call(), { id })).status?.state).toBe(ASKING);
  });

  test("to more events than an instance remembers misses none", async () => {
    const { send, replay } = createFixture(async (turn) => {
      for (let at = 0; at < 250; at += 1) {
        await turn.working(`${at}`);
      }
    });
    const { id } = await send("go");
    expect(generations(await replay(id))).toEqual(Array.from({ length: 252 }, (_, at) => at + 1));
  });
});

describe("canceling", () => {
  test("ends a task that waits in the queue, which then never runs", async () => {
    let runs = 0;
    const { send, engine, call, work } = createFixture(async () => void (runs += 1));
    const { id } = await send("go", { configuration: { returnImmediately: true } });
    expect((await engine.cancel(call(), { id })).status?.state).toBe(CANCELED);
    await work();
    expect(runs).toBe(0);
  });

  test.each(["its own instance", "another instance"])("ends a running task from %s", async (from) => {
    const { begin, engine, another, call, clock, parts } = createPaced();
    const id = await begin();
    const canceled = (from === "its own instance" ? engine : another()).cancel(call(), { id });
    // Far before the deadline and the next renewal: the holder was told.
    await clock.advance(1_500);
    expect((await canceled).status?.state).toBe(CANCELED);
    await settle();
    expect(await parts.index.listOpen("a".repeat(32), "test")).toEqual([]);
    expect((await engine.cancel(call(), { id })).status?.state).toBe(CANCELED);
  });

  test("ends a task that asked, and only once for two callers", async () => {
    const { send, engine, call, replay } = createFixture(async (turn) => turn.ask("?"));
    const { id } = await send("go");
    const both = await Promise.all([engine.cancel(call(), { id }), engine.cancel(call(), { id })]);
    expect(both.map(({ status }) => status?.state)).toEqual([CANCELED, CANCELED]);
    expect(await replay(id)).toHaveLength(3);
  });

  test("is refused by a task that ended otherwise", async () => {
    const { send, engine, call } = createFixture(async () => {});
    const { id, status } = await send("go");
    expect(status?.state).toBe(COMPLETED);
    await expect(engine.cancel(call(), { id })).rejects.toMatchObject({
      fault: { code: "not-cancelable", state: "TASK_STATE_COMPLETED" },
    });
  });
});

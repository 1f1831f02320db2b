import { TaskState } from "@a2a-js/sdk";
import type { Task } from "@a2a-js/sdk";
import { describe, expect, test } from "vitest";
import type { Turn } from "../../../src/ports/agent.ts";
import { StoreError } from "../../../src/ports/store-error.ts";
import type { TaskLog } from "../../../src/ports/task-log.ts";
import { createMemoryTaskLog } from "../../../src/adapters/memory/task-log.ts";
import { createFixture, LEASE, request, settle } from "./engine-fixture.ts";
import type { Fixture } from "./engine-fixture.ts";

const never = new Promise<never>(() => {});

/** An agent of two steps that hangs between them in its first attempt. */
function createTwoSteps(): {
  readonly run: (turn: Turn) => Promise<void>;
  readonly calls: string[];
  readonly attempts: [number, unknown][];
} {
  const calls: string[] = [];
  const attempts: [number, unknown][] = [];
  return {
    calls,
    attempts,
    async run(turn) {
      attempts.push([turn.attempt, turn.saved]);
      await turn.working("begin");
      const one = await turn.step("one", async (key) => {
        calls.push(key);
        await turn.artifact("a").close("first");
        return { at: 1 };
      });
      await turn.checkpoint("half");
      if (attempts.length === 1) {
        await never;
      }
      const two = await turn.step("two", async (key) => calls.push(key));
      await turn.artifact("b").close([{ data: [one, two] }]);
      await turn.complete("done");
    },
  };
}

async function begin({ engine, call, clock }: Fixture): Promise<string> {
  const { value } = await engine.stream(call(), request("go")).next();
  await clock.advance(1);
  return value?.response.payload?.$case === "task" ? value.response.payload.value.id : "";
}

function expectWhole(task: Task, calls: readonly string[]): void {
  expect(task.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
  expect(calls).toEqual([`${task.id}/1/one`, `${task.id}/1/two`]);
  expect(task.artifacts.map(({ artifactId, parts }) => [artifactId, parts[0]?.content?.value])).toEqual([
    ["a", "first"],
    ["b", [{ at: 1 }, 2]],
  ]);
}

describe("an instance that closes", () => {
  test("hands its turn over: another goes on at once and repeats no step", async () => {
    const { run, calls, attempts } = createTwoSteps();
    const fixture = createFixture(run);
    const { engine, clock, queued, work, call, another } = fixture;
    const id = await begin(fixture);
    const closed = engine.close();
    await clock.advance(300);
    await closed;
    expect(engine.turns).toBe(0);
    expect(queued).toEqual([{ kind: "turn", scope: "a".repeat(32), taskId: id, agent: "test", turn: 1 }]);
    const next = another();
    await work(next);
    expectWhole(await next.get(call(), { id }), calls);
    expect(attempts).toEqual([
      [1, undefined],
      [1, "half"],
    ]);
  });

  test("lets a turn that is nearly done end here, and waits no longer than for that", async () => {
    const gate = Promise.withResolvers<void>();
    const fixture = createFixture(async (turn) => {
      await gate.promise;
      await turn.complete("done");
    });
    const { engine, clock, queued, call } = fixture;
    const id = await begin(fixture);
    let isSettled = false;
    const settled = engine.settle(10_000).then(() => (isSettled = true));
    await clock.advance(5_000);
    expect(isSettled).toBe(false);
    await expect(engine.send(call(), request("go"))).rejects.toMatchObject({ fault: { code: "unavailable" } });
    gate.resolve();
    await settled;
    await engine.close();
    expect((await engine.get(call(), { id })).status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
    expect(queued).toEqual([]);
  });

  test("hands over what has not ended after the grace", async () => {
    const fixture = createFixture(async () => never);
    await begin(fixture);
    const settled = fixture.engine.settle(10_000);
    await fixture.clock.advance(10_000);
    await settled;
    const closed = fixture.engine.close();
    await fixture.clock.advance(300);
    await closed;
    expect(fixture.queued).toHaveLength(1);
  });

  test("takes no new turn, and says so", async () => {
    const { engine, call } = createFixture(async () => {});
    await engine.close();
    await expect(engine.send(call(), request("go"))).rejects.toMatchObject({ fault: { code: "unavailable" } });
  });

  test("hands over a turn that it was taking meanwhile", async () => {
    const memory = createMemoryTaskLog();
    const closed: Promise<void>[] = [];
    const log: TaskLog = {
      ...memory,
      append: async (...change) => {
        closed.push(engine.close());
        return memory.append(...change);
      },
    };
    const { engine, call, clock, queued, work } = createFixture(async () => never, {}, {}, { log });
    await engine.send(call(), request("go", { configuration: { returnImmediately: true } }));
    const worked = work();
    await clock.advance(300);
    await Promise.all([worked, ...closed]);
    expect([engine.turns, queued.length]).toEqual([0, 1]);
  });

  test("ends its streams", async () => {
    const fixture = createFixture(async () => never);
    const id = await begin(fixture);
    const stream = fixture.engine.subscribe(fixture.call(), { id });
    await stream.next();
    const end = stream.next();
    const closed = fixture.engine.close();
    await fixture.clock.advance(300);
    await closed;
    expect(await end).toEqual({ done: true, value: undefined });
  });
});

describe("an instance that dies", () => {
  test("is followed by another within three leases, which repeats no step", async () => {
    const { run, calls, attempts } = createTwoSteps();
    const log = createMemoryTaskLog();
    const mortal = createMortalLog(log);
    const fixture = createFixture(run, {}, {}, { log: mortal.log });
    const id = await begin(fixture);
    mortal.die();
    const next = fixture.another({ log });
    await fixture.clock.advance(LEASE * 1.5);
    await next.sweep();
    await fixture.work(next);
    expectWhole(await next.get(fixture.call(), { id }), calls);
    expect(attempts).toEqual([
      [1, undefined],
      [2, "half"],
    ]);
    // It cannot know, and gives up with the time of its turn.
    await fixture.clock.advance(600_000);
    expect(fixture.engine.turns).toBe(0);
  });

  test("fails its task where a crash fails", async () => {
    const log = createMemoryTaskLog();
    const mortal = createMortalLog(log);
    const fixture = createFixture(async () => never, { onCrash: "fail" }, {}, { log: mortal.log });
    const id = await begin(fixture);
    mortal.die();
    const next = fixture.another({ log });
    await fixture.clock.advance(LEASE * 1.5);
    await next.sweep();
    await fixture.work(next);
    expect((await next.get(fixture.call(), { id })).status?.state).toBe(TaskState.TASK_STATE_FAILED);
  });
});

test("what a step that runs again emits is kept while a later step is still unread", async () => {
  let attempts = 0;
  const fixture = createFixture(async (turn) => {
    attempts += 1;
    const isFirst = attempts === 1;
    await Promise.all([
      turn.step("slow", async () => {
        if (isFirst) {
          await never;
        }
        await turn.artifact("a").close("kept");
        return 1;
      }),
      turn.step("quick", async () => 2),
    ]);
  });
  const id = await begin(fixture);
  const closed = fixture.engine.close();
  await fixture.clock.advance(300);
  await closed;
  const next = fixture.another();
  await fixture.work(next);
  await settle();
  expect((await next.get(fixture.call(), { id })).artifacts).toMatchObject([{ artifactId: "a" }]);
});

function createMortalLog(log: TaskLog): { readonly log: TaskLog; die(): void } {
  let isDead = false;
  const guard =
    <A extends unknown[], R>(operation: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (isDead) {
        throw new StoreError({ code: "unknown", operation: "dead" });
      }
      return operation(...args);
    };
  return {
    die: () => (isDead = true),
    log: {
      create: guard(async (task, head, writes) => log.create(task, head, writes)),
      append: guard(async (task, head, writes, etag) => log.append(task, head, writes, etag)),
      readHead: guard(async (task) => log.readHead(task)),
      readTask: guard(async (task) => log.readTask(task)),
      readRow: guard(async (task, key) => log.readRow(task, key)),
      readRange: guard(async (task, from, to) => log.readRange(task, from, to)),
      readVersioned: guard(async (task, key) => log.readVersioned(task, key)),
      replaceRow: guard(async (task, row, etag) => log.replaceRow(task, row, etag)),
      deleteRow: guard(async (task, key, etag) => log.deleteRow(task, key, etag)),
      listKeys: guard(async (task) => log.listKeys(task)),
      remove: guard(async (task, etag) => log.remove(task, etag)),
      listTasks: guard(async (after, scope) => log.listTasks(after, scope)),
    },
  };
}

import { TaskState } from "@a2a-js/sdk";
import { describe, expect, test } from "vitest";
import type { Json } from "../../../src/ports/agent.ts";
import type { TaskKey } from "../../../src/ports/task-log.ts";
import { readStoredHead } from "../../../src/tasks/log/transact.ts";
import { createFixture, LEASE, saidBy, settle } from "./engine-fixture.ts";

const { TASK_STATE_COMPLETED: COMPLETED, TASK_STATE_FAILED: FAILED } = TaskState;

test("a step's name is used once in a turn", async () => {
  const { send, lines } = createFixture(async (turn) => {
    await turn.step("a", async () => 1);
    await turn.step("a", async () => 2);
  });
  expect((await send("go")).status?.state).toBe(FAILED);
  expect(lines.find(({ event }) => event === "turn.failed")?.fields["error"]).toContain('step "a"');
});

test("a step's result is what JSON carries of it, already in the first attempt", async () => {
  const results: unknown[] = [];
  const { send } = createFixture(async (turn) => {
    results.push(
      await turn.step("a", async () => ({ at: new Date(0), gone: undefined, no: Number.NaN }) as unknown as Json),
    );
    results.push(await turn.step("b", async () => undefined as unknown as Json));
  });
  await send("go");
  expect(results).toEqual([{ at: "1970-01-01T00:00:00.000Z", no: null }, null]);
});

test("what a step throws reaches the agent, and what it emitted stays", async () => {
  const { send, replay } = createFixture(async (turn) => {
    const step = turn.step("a", async () => {
      await turn.working("inside");
      throw new Error("no");
    });
    await step.catch(async (error: unknown) => turn.complete(String(error)));
  });
  const task = await send("go");
  expect(saidBy(task)).toBe("Error: no");
  expect(await replay(task.id)).toHaveLength(3);
});

describe("in a process that stood still until its lease was over", () => {
  function begin(): {
    readonly fixture: ReturnType<typeof createFixture>;
    readonly goOn: () => void;
    readonly attempts: number[];
  } {
    const gate = Promise.withResolvers<void>();
    const attempts: number[] = [];
    const fixture = createFixture(
      async (turn) => {
        await gate.promise;
        await turn.step("a", async () => attempts.push(turn.attempt));
      },
      { rerun: "steps" },
    );
    fixture.send("go").catch(() => {});
    return { fixture, goOn: () => gate.resolve(), attempts };
  }

  test("no step begins if another instance has taken the turn", async () => {
    const { fixture, goOn, attempts } = begin();
    await settle();
    fixture.clock.freeze(LEASE * 1.5);
    const other = fixture.another();
    await other.sweep();
    const working = fixture.work(other);
    await settle();
    goOn();
    await working;
    await settle();
    expect(attempts).toEqual([2]);
    expect(fixture.lines).toContainEqual(expect.objectContaining({ event: "turn.lost" }));
  });

  test("a step begins once the lease is renewed, which shows that no other instance has the turn", async () => {
    const { fixture, goOn, attempts } = begin();
    await settle();
    fixture.clock.freeze(LEASE * 1.5);
    goOn();
    await settle();
    expect(attempts).toEqual([1]);
    const head = await readStoredHead(fixture.parts, await onlyTask(fixture));
    expect(head?.head).toMatchObject({ epoch: 1, attempts: 0 });
  });
});

async function onlyTask({ parts }: ReturnType<typeof createFixture>): Promise<TaskKey> {
  const [key] = (await parts.log.listTasks(undefined)).tasks;
  if (!key) {
    throw new Error("no task is stored");
  }
  return key;
}

test("steps may nest and run at once; each has its result and every event is there", async () => {
  const { send } = createFixture(async (turn) => {
    const results = await Promise.all([
      turn.step("a", async () => {
        await turn.artifact("a").close("a");
        return turn.step("inner", async () => {
          await turn.artifact("inner").close("inner");
          return "inner";
        });
      }),
      turn.step("b", async () => {
        await settle();
        await turn.artifact("b").close("b");
        return "b";
      }),
    ]);
    await turn.complete(results.join(" "));
  });
  const task = await send("go");
  expect(saidBy(task)).toBe("inner b");
  expect(task.artifacts.map(({ artifactId }) => artifactId).toSorted()).toEqual(["a", "b", "inner"]);
});

test.each([
  [90, COMPLETED],
  [91, FAILED],
])("of %i events in one step", async (count, state) => {
  const { send, replay } = createFixture(async (turn) => {
    await turn.step("a", async () => {
      for (let at = 0; at < count; at += 1) {
        await turn.working(`${at}`);
      }
      return 1;
    });
  });
  const task = await send("go");
  expect(task.status?.state).toBe(state);
  expect(await replay(task.id)).toHaveLength(92);
});

test("a checkpoint lasts over a question, a step's result does not", async () => {
  const seen: unknown[] = [];
  const { send } = createFixture(async (turn) => {
    const value = await turn.step("a", async () => seen.length);
    seen.push([turn.saved, value, turn.history.length]);
    await turn.checkpoint({ turns: seen.length });
    await turn.ask("and?");
  });
  const { id: taskId } = await send("go");
  await send("more", { taskId });
  await send("more", { taskId });
  expect(seen).toEqual([
    [undefined, 0, 0],
    [{ turns: 1 }, 1, 2],
    [{ turns: 2 }, 2, 4],
  ]);
});

import { TaskState } from "@a2a-js/sdk";
import { describe, expect, test } from "vitest";
import type { Turn } from "../../../src/ports/agent.ts";
import { AgentFailure } from "../../../src/ports/agent.ts";
import { createFixture, request, saidBy, settle, unhandledDuring } from "./engine-fixture.ts";

const { TASK_STATE_COMPLETED: COMPLETED, TASK_STATE_FAILED: FAILED, TASK_STATE_CANCELED: CANCELED } = TaskState;
const never = new Promise<never>(() => {});

describe("whatever the agent does, its turn ends once", () => {
  const cases: [string, (turn: Turn) => Promise<void>, TaskState, RegExp | undefined][] = [
    [
      "throws",
      async () => Promise.reject(new Error("secret")),
      FAILED,
      /^The agent stopped with an error\. Reference: id-/,
    ],
    [
      "throws at once",
      () => {
        throw new Error("secret");
      },
      FAILED,
      /Reference/,
    ],
    ["throws what is no error", async () => Promise.reject(undefined), FAILED, /Reference/],
    [
      "throws a failure in its own words",
      async () => {
        throw new AgentFailure("no stock");
      },
      FAILED,
      /^no stock$/,
    ],
    [
      "throws a failure whose words are no content",
      async () => {
        throw new AgentFailure([{}]);
      },
      FAILED,
      /could not be stored/,
    ],
    [
      "throws while handling its throw",
      async () => {
        try {
          throw new Error("first");
        } catch (cause) {
          throw new Error("second", { cause });
        }
      },
      FAILED,
      /Reference/,
    ],
    [
      "rejects later",
      async (turn) => {
        await turn.working("on it");
        await settle();
        throw new Error("late");
      },
      FAILED,
      /Reference/,
    ],
    ["returns without finishing", async () => {}, COMPLETED, undefined],
    [
      "ends twice",
      async (turn) => {
        void turn.complete("one");
        void turn.reject("two");
        await never;
      },
      COMPLETED,
      /^one$/,
    ],
    [
      "goes on after its end",
      async (turn) => {
        await turn.complete("one").catch(() => {});
        await turn.working("more");
      },
      COMPLETED,
      /^one$/,
    ],
    [
      "completes inside a step",
      async (turn) => {
        await turn.step("s", async () => {
          await turn.complete("in step");
          return 1;
        });
      },
      COMPLETED,
      /^in step$/,
    ],
    [
      "ends with words that are no content",
      async (turn) => {
        await turn.complete([{}]);
      },
      FAILED,
      /Reference/,
    ],
    [
      "swallows a refused end",
      async (turn) => {
        await turn.complete([{}]).catch(() => {});
      },
      COMPLETED,
      undefined,
    ],
  ];

  test.each(cases)("an agent that %s", async (_what, run, state, words) => {
    for (const rerun of ["safe", "steps"] as const) {
      const { send, replay, engine, parts, call } = createFixture(run, { rerun });
      const task = await send("go");
      expect(task.status?.state).toBe(state);
      expect(saidBy(task) ?? "").toMatch(words ?? /^$/);
      const events = await replay(task.id);
      expect(events.map(({ generation }) => generation)).toEqual(events.map((_, at) => at + 1));
      const ends = events.filter(
        ({ response: { payload } }) =>
          payload?.$case === "statusUpdate" && payload.value.status?.state !== TaskState.TASK_STATE_WORKING,
      );
      expect(ends).toHaveLength(1);
      await settle();
      expect(engine.turns).toBe(0);
      expect(await engine.get(call(), { id: task.id })).toEqual(task);
      expect(JSON.stringify(task)).not.toContain("secret");
      expect(await parts.index.listOpen("a".repeat(32), "test")).toEqual([]);
    }
  });

  test("an agent that never returns is failed after the turn's timeout", async () => {
    const signals: AbortSignal[] = [];
    const { send, clock } = createFixture(
      (turn) => {
        signals.push(turn.signal);
        return never;
      },
      { timeout: 90 },
    );
    const sent = send("go");
    await clock.advance(89_000);
    expect(signals[0]?.aborted).toBe(false);
    await clock.advance(1_300);
    const task = await sent;
    expect(task.status?.state).toBe(FAILED);
    expect(saidBy(task)).toBe("The agent did not finish within 90 seconds.");
    expect(signals[0]?.reason).toMatchObject({ code: "timeout" });
  });

  test("an agent that ignores its signal is canceled without its help, and can add nothing", async () => {
    const refused: unknown[] = [];
    const { engine, call, clock } = createFixture(async (turn) => {
      turn.signal.addEventListener("abort", () => {
        turn.working("too late").catch((error: unknown) => refused.push(error));
        turn.complete("done").catch((error: unknown) => refused.push(error));
      });
      await never;
    });
    const first = await engine.stream(call(), request("go")).next();
    const id = first.value?.response.payload?.$case === "task" ? first.value.response.payload.value.id : "";
    const canceled = engine.cancel(call(), { id });
    await clock.advance(5_000);
    expect((await canceled).status?.state).toBe(CANCELED);
    expect(refused).toMatchObject([{ code: "canceled" }, { code: "canceled" }]);
    expect(engine.turns).toBe(0);
  });
});

test("calls that the agent does not await never become an unhandled rejection", async () => {
  const { send, lines } = createFixture(async (turn) => {
    void turn.step("fails", async () => {
      throw new Error("in step");
    });
    void turn.step("slow", async () => {
      await settle();
      return 1;
    });
    void turn.artifact("a").append([]);
    void turn.artifact("a").append("one");
    void turn.complete("done");
    void turn.step("late", async () => 1);
    void turn.working("late");
    void turn.checkpoint(1);
    void turn.ask("late");
  });
  expect(await unhandledDuring(async () => expect((await send("go")).status?.state).toBe(COMPLETED))).toEqual([]);
  expect(lines.filter(({ event }) => event === "turn.lost")).toEqual([]);
});

test("no step begins after the turn's end", async () => {
  let ran = false;
  const { send } = createFixture(async (turn) => {
    await turn.complete().catch(() => {});
    await turn.step("late", async () => {
      ran = true;
      return 1;
    });
  });
  await send("go");
  expect(ran).toBe(false);
});

test.each(["awaits", "does not await"])("an agent that %s its events is failed over their limit", async (how) => {
  const { send, replay } = createFixture(
    async (turn) => {
      for (let at = 0; at < 50; at += 1) {
        const emitted = turn.working(`${at}`);
        if (how === "awaits") {
          await emitted;
        }
      }
    },
    {},
    { maxEventsPerTask: 20 },
  );
  const task = await send("go");
  expect(task.status?.state).toBe(FAILED);
  expect(saidBy(task)).toBe("The agent emitted more than 20 events.");
  expect(await replay(task.id)).toHaveLength(20);
});

test("an agent that piles up more than 8 MiB without awaiting is failed", async () => {
  const { send } = createFixture(async (turn) => {
    const artifact = turn.artifact("a");
    for (let at = 0; at < 12; at += 1) {
      void artifact.append([{ raw: new Uint8Array(1024 * 1024).fill(at) }]);
    }
  });
  expect(saidBy(await send("go"))).toContain("faster than its task could be stored");
});

test("an agent may pile up less than 8 MiB of text", async () => {
  const { send } = createFixture(async (turn) => {
    for (let at = 0; at < 5; at += 1) {
      void turn.artifact(`a-${at}`).close("x".repeat(1024 * 1024));
    }
  });
  const task = await send("go");
  expect(task.status?.state).toBe(COMPLETED);
  expect(task.artifacts).toHaveLength(5);
});

test("events whose metadata fills more than one transaction are all stored", async () => {
  const { send } = createFixture(async (turn) => {
    for (let at = 0; at < 40; at += 1) {
      void turn.artifact(`a-${at}`, { metadata: { note: "x".repeat(100_000) } }).close("x");
    }
  });
  const task = await send("go");
  expect(task.status?.state).toBe(COMPLETED);
  expect(task.artifacts).toHaveLength(40);
});

test("what an agent changes after handing it over does not reach the log", async () => {
  const { send, engine, call } = createFixture(
    async (turn) => {
      const raw = new Uint8Array([1]);
      const data = { n: 1 };
      await turn.artifact("a").close([{ raw }, { data }]);
      raw[0] = 2;
      data.n = 2;
      await turn.artifact("b").close([{ raw }, { data }]);
    },
    { rerun: "safe" },
  );
  const task = await send("go");
  const contents = (await engine.get(call(), { id: task.id })).artifacts.map(({ parts }) =>
    parts.map(({ content }) => content?.value),
  );
  expect(contents).toEqual([
    [Buffer.from([1]), { n: 1 }],
    [Buffer.from([2]), { n: 2 }],
  ]);
});

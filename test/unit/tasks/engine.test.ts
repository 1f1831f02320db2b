import { TaskState } from "@a2a-js/sdk";
import { describe, expect, test } from "vitest";
import type { Turn } from "../../../src/ports/agent.ts";
import { StoreError } from "../../../src/ports/store-error.ts";
import { callerOf, collect, createFixture, defineTestAgent, LEASE, request, saidBy, settle } from "./engine-fixture.ts";

const {
  TASK_STATE_COMPLETED: COMPLETED,
  TASK_STATE_SUBMITTED: SUBMITTED,
  TASK_STATE_INPUT_REQUIRED: ASKING,
} = TaskState;
const never = new Promise<never>(() => {});
const immediately = { configuration: { returnImmediately: true } };

describe("a message", () => {
  test("is answered with the ended task, or with one that begins later", async () => {
    const { send, work, engine, call, queued } = createFixture(async (turn) => turn.complete("done"));
    expect(saidBy(await send("go"))).toBe("done");
    const task = await send("go", immediately);
    expect(task.status?.state).toBe(SUBMITTED);
    queued.push(...queued);
    await work();
    expect((await engine.get(call(), { id: task.id })).status?.state).toBe(COMPLETED);
  });

  test("to an agent that runs from the queue waits for it", async () => {
    const { send, work, clock, queued } = createFixture(async (turn) => turn.complete("done"), { runs: "queue" });
    const sent = send("go");
    await settle();
    expect(queued).toHaveLength(1);
    await work();
    await clock.advance(1_000);
    expect(saidBy(await sent)).toBe("done");
  });

  test("whose task no list could find is not acknowledged (I15)", async () => {
    const fixture = createFixture(async (turn) => turn.complete("done"), { rerun: "safe" });
    fixture.parts.index.putDone = () => Promise.reject(new StoreError({ code: "unknown", operation: "putDone" }));
    const sent = fixture.send("go").catch((error: unknown) => error);
    await fixture.clock.advance(2 * LEASE);
    expect(await sent).toMatchObject({ fault: { code: "unavailable" } });
    expect(await fixture.parts.index.listOpen("a".repeat(32), "test")).toEqual([]);
  });

  test("that is streamed gives the task, then every event of it", async () => {
    const { engine, call } = createFixture(async (turn) => {
      await turn.artifact("a").close("x");
      await turn.complete("done");
    });
    const events = await collect(engine.stream(call(), request("go")));
    expect(events.map(({ generation, response }) => [generation, response.payload?.$case])).toEqual([
      [1, "task"],
      [2, "artifactUpdate"],
      [3, "statusUpdate"],
    ]);
  });

  test("shows the agent the caller's own tasks that it refers to, and no others", async () => {
    const seen: string[][] = [];
    const { send, call } = createFixture(async (turn) => {
      seen.push(turn.references.map(({ id }) => id));
    });
    const own = await send("go");
    const foreign = await send("go", {}, call({ caller: callerOf("b") }));
    await send("go", { referenceTaskIds: [own.id, foreign.id, "no/id", "missing", own.id] });
    expect(seen.at(-1)).toEqual([own.id]);
  });

  test("over the limit of turns is refused", async () => {
    const { engine, call } = createFixture(async () => never, {}, { maxTurns: 1 });
    await engine.stream(call(), request("go")).next();
    await expect(engine.send(call(), request("go"))).rejects.toMatchObject({ fault: { code: "busy", retryAfter: 1 } });
  });

  test.each([
    [0, []],
    [2, ["question", "two"]],
    [9, ["one", "question", "two"]],
  ])("is answered with %i messages of history", async (historyLength, texts) => {
    const { send } = createFixture(async (turn) => turn.ask("question"));
    const { id: taskId } = await send("one");
    const task = await send("two", { taskId, configuration: { historyLength } });
    const shown = task.history.map(({ parts }) => parts[0]?.content?.value);
    expect(shown).toEqual(texts);
  });
});

describe("a follow-up", () => {
  test("continues the task that asked, on its own context", async () => {
    const { send } = createFixture(async (turn) =>
      turn.history.length === 0 ? turn.ask("who?") : turn.complete("hi"),
    );
    const first = await send("go");
    expect(first.status?.state).toBe(ASKING);
    const task = await send("me", { taskId: first.id, contextId: first.contextId });
    expect([task.id, saidBy(task), task.status?.state]).toEqual([first.id, "hi", COMPLETED]);
  });

  test("from the queue continues it too", async () => {
    const { send, work, engine, call } = createFixture(async (turn) =>
      turn.history.length === 0 ? turn.ask("who?") : turn.complete("hi"),
    );
    const { id } = await send("go");
    expect((await send("me", { taskId: id, ...immediately })).status?.state).toBe(SUBMITTED);
    await work();
    expect(saidBy(await engine.get(call(), { id }))).toBe("hi");
  });

  test("that two callers send at once begins one turn", async () => {
    const { send } = createFixture(async (turn) =>
      turn.history.length === 0 ? turn.ask("who?") : turn.complete("hi"),
    );
    const { id: taskId } = await send("go");
    const answers = await Promise.allSettled([send("me", { taskId }), send("me too", { taskId })]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  });

  test("is refused where it cannot continue", async () => {
    const { send, engine, call } = createFixture(async (turn) => {
      if (turn.message.parts[0]?.content?.value === "hang") {
        await never;
      }
      await turn.ask("?");
    });
    const asking = await send("go");
    const foreign = call({ caller: callerOf("b") });
    const other = call({ agent: defineTestAgent(async () => {}, { id: "other" }) });
    await expect(send("x", { taskId: "missing" })).rejects.toMatchObject({ fault: { code: "not-found" } });
    await expect(send("x", { taskId: "no/id" })).rejects.toMatchObject({ fault: { code: "not-found" } });
    await expect(send("x", { taskId: asking.id, contextId: "wrong" })).rejects.toMatchObject({
      fault: { code: "invalid" },
    });
    for (const by of [foreign, other]) {
      const notFound = { fault: { code: "not-found" } };
      await expect(send("x", { taskId: asking.id }, by)).rejects.toMatchObject(notFound);
      await expect(engine.get(by, { id: asking.id })).rejects.toMatchObject(notFound);
      await expect(engine.cancel(by, { id: asking.id })).rejects.toMatchObject(notFound);
      await expect(engine.subscribe(by, { id: asking.id }).next()).rejects.toMatchObject(notFound);
    }
    await engine.cancel(call(), { id: asking.id });
    await expect(send("x", { taskId: asking.id })).rejects.toMatchObject({ fault: { code: "unsupported" } });
    const { value } = await engine.stream(call(), request("hang")).next();
    const taskId = value?.response.payload?.$case === "task" ? value.response.payload.value.id : "";
    await expect(send("x", { taskId })).rejects.toMatchObject({ fault: { code: "unsupported" } });
  });
});

describe("content comes back as it was sent", () => {
  const deep = (levels: number): unknown => (levels === 0 ? "x" : [deep(levels - 1)]);
  test.each([
    ["one byte", [{ raw: new Uint8Array(1) }]],
    ["over 48 KiB", [{ raw: new Uint8Array(48 * 1024 + 1).fill(1) }, { text: "é".repeat(48 * 1024 + 1) }]],
    ["1 MiB of text", [{ text: "x".repeat(1024 * 1024) }]],
    ["long text with a byte order mark", [{ text: `\u{feff}a,b\n${"1,2\n".repeat(20_000)}` }]],
    ["20 MB", [{ raw: new Uint8Array(20e6).fill(1) }]],
    ["deep data", [{ data: deep(500) as never }]],
    ["null, empty and long data", [{ data: null }, { data: {} }, { data: "é".repeat(60_000) }]],
    ["a long link", [{ url: `data:,${"x".repeat(1_000_000)}` }]],
  ])("%s", async (_what, parts) => {
    const run = async (turn: Turn): Promise<void> => {
      await turn.artifact("a").close(parts);
      await turn.complete(parts);
    };
    const { send, engine, call } = createFixture(run, {}, { maxEventBytes: 64 * 1024 * 1024 });
    const task = await send("go");
    const values = task.artifacts[0]?.parts.map(({ content }) => content?.value);
    const given = parts.map((part) => Object.values(part)[0]);
    const isSame = (one: unknown, other: unknown): boolean =>
      one instanceof Uint8Array
        ? Buffer.compare(one, other as Uint8Array) === 0
        : JSON.stringify(one) === JSON.stringify(other);
    expect(given.every((value, at) => isSame(value, values?.[at]))).toBe(true);
    const stored = await engine.get(call(), { id: task.id });
    expect(given.every((value, at) => isSame(value, stored.artifacts[0]?.parts[at]?.content?.value))).toBe(true);
    expect(given.every((value, at) => isSame(value, stored.status?.message?.parts[at]?.content?.value))).toBe(true);
  });

  test("by an agent that hands the same part to two tasks", async () => {
    const part = {
      content: { $case: "text" as const, value: "x".repeat(60_000) },
      metadata: undefined,
      filename: "",
      mediaType: "",
    };
    const { send, engine, call } = createFixture(async (turn) => turn.complete([part]));
    for (const { id } of [await send("one"), await send("two")]) {
      expect(saidBy(await engine.get(call(), { id }))).toHaveLength(60_000);
    }
  });
});

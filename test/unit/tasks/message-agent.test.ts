import { expect, test } from "vitest";
import type { Turn } from "../../../src/ports/agent.ts";
import { createFixture, request, settle, unhandledDuring } from "./engine-fixture.ts";

const never = new Promise<never>(() => {});
const replies = { replies: "message" as const };

test("an agent that replies answers with a message, and no task is kept", async () => {
  const { engine, call, parts } = createFixture(async (turn) => turn.reply("hi"), replies);
  expect(await engine.send(call(), request("go"))).toMatchObject({ parts: [{ content: { value: "hi" } }] });
  expect((await engine.stream(call(), request("go")).next()).value).toMatchObject({
    generation: 0,
    response: { payload: { $case: "message" } },
  });
  expect(await parts.index.listOpen("a".repeat(32), "test")).toEqual([]);
});

test.each<[string, (turn: Turn) => Promise<void>]>([
  ["does not reply", async () => {}],
  ["replies nothing", async (turn) => turn.reply("")],
  ["throws", async () => Promise.reject(new Error("secret"))],
  [
    "throws at once",
    () => {
      throw new Error("secret");
    },
  ],
  ["writes an artifact", async (turn) => turn.artifact("a").close("x")],
  ["keeps a checkpoint", async (turn) => turn.checkpoint(1)],
])("an agent that %s is no answer", async (_what, run) => {
  const { engine, call } = createFixture(run, replies);
  const error: unknown = await engine.send(call(), request("go")).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ fault: { code: "invalid-agent-response" } });
  expect(String(error)).not.toContain("secret");
});

test("an agent that never replies is given up after its timeout", async () => {
  const signals: AbortSignal[] = [];
  const { engine, call, clock } = createFixture(
    (turn) => {
      signals.push(turn.signal);
      return never;
    },
    { ...replies, timeout: 5 },
  );
  const answer = engine.send(call(), request("go")).catch((thrown: unknown) => thrown);
  await clock.advance(5_001);
  expect(await answer).toMatchObject({ fault: { code: "unavailable" } });
  expect(signals[0]?.reason).toMatchObject({ code: "timeout" });
});

test("what such an agent does not await is no unhandled rejection", async () => {
  const { engine, call } = createFixture(async (turn) => {
    void turn.step("a", async () => {
      await settle();
      throw new Error("late");
    });
    void turn.reply("hi");
  }, replies);
  expect(await unhandledDuring(async () => engine.send(call(), request("go")))).toEqual([]);
});

test("an agent that replies is a turn: it takes a place, and shutdown waits for it", async () => {
  const gate = Promise.withResolvers<void>();
  const { engine, durable, call, clock } = createFixture(
    async (turn) => {
      await gate.promise;
      await turn.reply("hi");
    },
    replies,
    { maxTurns: 1 },
  );
  const waited: Promise<void>[] = [];
  const answer = engine.send(call({ waitUntil: (work) => void waited.push(work) }), request("go"));
  await settle();
  expect(durable.turns).toBe(1);
  await expect(engine.send(call(), request("go"))).rejects.toMatchObject({ fault: { code: "busy" } });
  const settled = durable.settle(10_000);
  await clock.advance(1_000);
  gate.resolve();
  expect(await answer).toMatchObject({ parts: [{ content: { value: "hi" } }] });
  await Promise.all([settled, ...waited]);
  expect([waited.length, durable.turns]).toEqual([1, 0]);
});

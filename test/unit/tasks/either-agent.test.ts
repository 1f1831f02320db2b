import type { Message, Task } from "@a2a-js/sdk";
import { TaskState } from "@a2a-js/sdk";
import { expect, test } from "vitest";
import type { Turn } from "../../../src/ports/agent.ts";
import { collect, createFixture, request, saidBy, settle } from "./engine-fixture.ts";

/** An agent that answers with a Message or with a task, as executors of the SDK may. */
function createEither(run: (turn: Turn) => Promise<void>) {
  const fixture = createFixture(run, { replies: "either" });
  return { ...fixture, stored: async () => (await fixture.parts.log.listTasks(undefined)).tasks.length };
}

const textOf = (message: Message): unknown => message.parts[0]?.content?.value;
const reply = async (turn: Turn): Promise<void> => turn.reply("hi");

test("a reply before anything is stored is the answer, and there is no task", async () => {
  const { engine, call, parts, stored } = createEither(reply);
  const answer = (await engine.send(call(), request("go", { contextId: "c" } as object))) as Message;

  expect(textOf(answer)).toBe("hi");
  expect([answer.contextId, answer.taskId]).toEqual(["c", ""]);
  expect(await stored()).toBe(0);
  expect(await parts.index.listOpen("a".repeat(32), "test")).toEqual([]);
  expect(engine.turns).toBe(0);
});

test("a stream of such a reply is the Message alone", async () => {
  const { engine, call, stored } = createEither(reply);
  const events = await collect(engine.stream(call(), request("go")));

  expect(events).toMatchObject([{ generation: 0, response: { payload: { $case: "message" } } }]);
  expect(await stored()).toBe(0);
});

test("an agent that publishes anything first has a task, which its later reply completes", async () => {
  const { engine, call } = createEither(async (turn) => {
    await turn.working("thinking");
    await turn.reply("hi");
  });
  const task = (await engine.send(call(), request("go"))) as Task;

  expect([task.status?.state, saidBy(task)]).toEqual([TaskState.TASK_STATE_COMPLETED, "hi"]);
  const streamed = await collect(engine.stream(call(), request("go")));
  expect(streamed.map(({ response }) => response.payload?.$case)).toEqual(["task", "statusUpdate", "statusUpdate"]);
  expect(streamed.map(({ generation }) => generation)).toEqual([1, 2, 3]);
});

test("a slow agent's task exists after 25 ms, for a blocking call and for a stream", async () => {
  for (const method of ["send", "stream"] as const) {
    const speak = Promise.withResolvers<void>();
    const { engine, call, clock, stored } = createEither(async (turn) => {
      await speak.promise;
      await turn.reply("late");
    });
    const answered =
      method === "send" ? engine.send(call(), request("go")) : collect(engine.stream(call(), request("go")));
    await settle();
    expect(await stored()).toBe(0);
    await clock.advance(25);
    expect(await stored()).toBe(1);
    speak.resolve();
    const answer = await answered;
    const last = Array.isArray(answer) ? answer.at(-1)?.response.payload : undefined;
    expect(Array.isArray(answer) ? last?.$case : saidBy(answer as Task)).toBe(
      method === "send" ? "late" : "statusUpdate",
    );
  }
});

test("a message that returns at once, or has a key, has a task whatever its agent replies", async () => {
  const { engine, call, work } = createEither(reply);
  const queued = (await engine.send(call(), request("go", { configuration: { returnImmediately: true } }))) as Task;
  await work();
  expect(saidBy(await engine.get(call(), { id: queued.id }))).toBe("hi");

  const keyed = (await engine.send(call({ idempotencyKey: "k" }), request("go"))) as Task;
  expect(saidBy(keyed)).toBe("hi");
});

test("an agent that fails or ends before it says anything has a task that says so", async () => {
  const { engine, call } = createEither(async () => Promise.reject(new Error("secret")));
  const failed = (await engine.send(call(), request("go"))) as Task;
  expect(failed.status?.state).toBe(TaskState.TASK_STATE_FAILED);

  const silent = createEither(async () => {});
  const ended = (await silent.engine.send(silent.call(), request("go"))) as Task;
  expect(ended.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
});

import { TaskState } from "@a2a-js/sdk";
import { expect, test } from "vitest";
import type { Head } from "../../../src/tasks/log/head.ts";
import { rules } from "../../../src/tasks/log/rules.ts";
import { createRegistry } from "../../../src/agents/registry.ts";
import { decideSweep } from "../../../src/tasks/upkeep/sweep.ts";
import { callerOf, createFixture, defineTestAgent, LEASE, messageOf, request, saidBy } from "./engine-fixture.ts";

const NOW = 1_800_000_000_000;
const INPUT_TIMEOUT = 3_600_000;
const later = NOW + LEASE * 1.5;

function head(more: Partial<Head>): Head {
  const task = {
    taskId: "t",
    agent: "test",
    major: 1,
    contextId: "c",
    caller: callerOf("a"),
    message: messageOf("go"),
  };
  return {
    ...rules.create({ ...task, held: false }, { holder: "one", nonce: "n", now: NOW, lease: LEASE }).head,
    ...more,
  };
}

const live = { holder: "one", until: NOW + 1 };
const silent = { holder: "one", until: NOW - LEASE / 6 };

test.each<[string, Head | undefined, number, object]>([
  ["no task yet: waits, its creator may be at it", undefined, 0, { do: "wait", due: later }],
  ["no task after ten minutes: deletes", undefined, 600_000, { do: "delete" }],
  ["a turn that has not begun: waits", head({ turn: 1 }), 599_999, { do: "wait", due: later }],
  [
    "a turn that never began: deletes",
    head({ turn: 1, state: TaskState.TASK_STATE_COMPLETED }),
    600_000,
    { do: "delete" },
  ],
  [
    "a later turn: deletes, even of an ended task",
    head({ turn: 3, state: TaskState.TASK_STATE_COMPLETED }),
    0,
    { do: "delete" },
  ],
  [
    "ended: finishes, even with a lease",
    head({ turn: 2, state: TaskState.TASK_STATE_FAILED, lease: live }),
    0,
    { do: "finish" },
  ],
  [
    "waits for its caller: comes back when that has lasted too long",
    head({ turn: 2, state: TaskState.TASK_STATE_INPUT_REQUIRED, statusTime: NOW - 1_000 }),
    0,
    { do: "wait", due: NOW + INPUT_TIMEOUT - 1_000 },
  ],
  [
    "waited too long: abandons",
    head({ turn: 2, state: TaskState.TASK_STATE_AUTH_REQUIRED, statusTime: NOW - INPUT_TIMEOUT }),
    0,
    { do: "abandon" },
  ],
  [
    "asked to cancel and interrupted, past the deadline: cancels, whoever asked may be gone",
    head({ turn: 2, state: TaskState.TASK_STATE_INPUT_REQUIRED, cancel: { by: "two", deadline: NOW } }),
    0,
    { do: "cancel" },
  ],
  [
    "asked to cancel a moment ago: waits for the holder's deadline",
    head({ turn: 2, state: TaskState.TASK_STATE_WORKING, lease: live, cancel: { by: "two", deadline: NOW + 1 } }),
    0,
    { do: "wait", due: NOW + 1 },
  ],
  [
    "held: waits until it could be taken over",
    head({ turn: 2, state: TaskState.TASK_STATE_WORKING, lease: live }),
    0,
    { do: "wait", due: live.until + LEASE / 6 },
  ],
  [
    "held until a moment ago: waits, clocks differ",
    head({ turn: 2, state: TaskState.TASK_STATE_WORKING, lease: { ...silent, until: silent.until + 1 } }),
    0,
    { do: "wait", due: NOW + 1 },
  ],
  [
    "its holder fell silent: work",
    head({ turn: 2, state: TaskState.TASK_STATE_WORKING, lease: silent }),
    0,
    { do: "work", due: NOW + LEASE / 2 },
  ],
  [
    "nobody holds it: work",
    head({ turn: 2, state: TaskState.TASK_STATE_SUBMITTED }),
    0,
    { do: "work", due: NOW + LEASE / 2 },
  ],
])("%s", (_what, known, age, action) => {
  const row = { scope: "a", taskId: "t", agent: "test", turn: 2, created: NOW - age, due: NOW };
  expect(decideSweep(row, known, NOW, LEASE, INPUT_TIMEOUT)).toEqual(action);
});

test("a task without an answer fails and moves to the ended ones", async () => {
  const { send, engine, clock, call, parts } = createFixture(async (turn) => turn.ask("and?"));
  const { id } = await send("go");
  await clock.advance(LEASE * 1.5);
  expect(await engine.sweep()).toBe(1);
  expect(await engine.sweep()).toBe(0);
  await clock.advance(3_600_000);
  await engine.sweep();
  const task = await engine.get(call(), { id });
  expect(task.status?.state).toBe(TaskState.TASK_STATE_FAILED);
  expect(saidBy(task)).toBe("The task waited for an answer for too long.");
  expect(await parts.index.listOpen("a".repeat(32), "test")).toEqual([]);
  const done = await parts.index.listDone("a".repeat(32), "test", {}, undefined, 10);
  expect(done.map(({ taskId }) => taskId)).toEqual([id]);
});

test("two sweeps at once act on a row once", async () => {
  const { engine, call, clock, queued, another } = createFixture(async () => {}, { runs: "queue" });
  await engine.send(call(), request("go", { configuration: { returnImmediately: true } }));
  queued.length = 0;
  await clock.advance(LEASE * 1.5);
  await Promise.all([engine.sweep(), another().sweep()]);
  expect(queued).toHaveLength(1);
});

test("a turn that no instance can run for the time of a turn fails and says why", async () => {
  const { send, call, engine, clock, another } = createFixture(async () => {}, { runs: "queue" });
  const { id } = await send("go", { configuration: { returnImmediately: true } });
  const other = another({ registry: createRegistry([defineTestAgent(async () => {}, { version: "2.0.0" })]) });
  for (let passed = 0; passed <= 600_000 + 2 * LEASE; passed += LEASE) {
    expect((await engine.get(call(), { id })).status?.state).toBe(TaskState.TASK_STATE_SUBMITTED);
    await clock.advance(LEASE);
    await other.sweep();
  }
  const task = await engine.get(call(), { id });
  expect(task.status?.state).toBe(TaskState.TASK_STATE_FAILED);
  expect(saidBy(task)).toBe("Version 1 of agent test is not served any more.");
});

test("an instance that has just started fails no turn that waited before", async () => {
  const { send, call, engine, clock, another } = createFixture(async () => {}, { runs: "queue" });
  const { id } = await send("go", { configuration: { returnImmediately: true } });
  await clock.advance(86_400_000);
  await another().sweep();
  expect((await engine.get(call(), { id })).status?.state).toBe(TaskState.TASK_STATE_SUBMITTED);
});

test("turns that nothing runs come before webhooks that lag, and each is looked at by one sweep", async () => {
  const order: string[] = [];
  const fixture = createFixture(
    async (turn) => (turn.message.parts[0]?.content?.value === "hook" ? turn.complete() : new Promise(() => {})),
    { runs: "queue" },
    {},
    {
      queue: { send: async (message) => void order.push(`work ${message.taskId}`) },
      outbox: {
        committed() {},
        async remind({ taskId }) {
          order.push(`remind ${taskId}`);
          return 1_900_000_000_000;
        },
        toRow: () => Promise.resolve({ key: "c-1", body: "{}" }),
      },
    },
  );
  const { parts, clock, call, durable, another } = fixture;
  const config = { taskPushNotificationConfig: { url: "https://hook.test" }, returnImmediately: true };
  const hooked = await fixture.send("hook", { configuration: config });
  const plain = await fixture.send("go", { configuration: { returnImmediately: true } });
  await durable.work({ kind: "turn", scope: "a".repeat(32), taskId: hooked.id, agent: "test", turn: 1 });
  expect((await fixture.engine.get(call(), { id: hooked.id })).status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
  order.length = 0;
  await clock.advance(LEASE * 1.5);
  await Promise.all([durable.sweep(), another().sweep()]);
  expect(order).toEqual([`work ${plain.id}`, `remind ${hooked.id}`]);
  const rows = await parts.index.listOpen("a".repeat(32), "test");
  expect(rows.find(({ taskId }) => taskId === hooked.id)?.due).toBe(1_900_000_000_000);
});

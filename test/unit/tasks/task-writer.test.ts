import { TaskState } from "@a2a-js/sdk";
import { expect, test } from "vitest";
import { createMemoryTaskLog } from "../../../src/adapters/memory/task-log.ts";
import { StoreError } from "../../../src/ports/store-error.ts";
import type { Etag, TaskLog } from "../../../src/ports/task-log.ts";
import { encodeHead } from "../../../src/tasks/log/head.ts";
import { rules } from "../../../src/tasks/log/rules.ts";
import { statusUpdate } from "../../../src/tasks/log/status-update.ts";
import { createWriter } from "../../../src/tasks/turn/task-writer.ts";
import type { TaskWriter } from "../../../src/tasks/turn/task-writer.ts";
import { readStoredHead } from "../../../src/tasks/log/transact.ts";
import { callerOf, createFixture, LEASE, messageOf, request, settle } from "./engine-fixture.ts";
import type { Fixture } from "./engine-fixture.ts";

const key = { scope: "a".repeat(32), taskId: "t" };
const working = statusUpdate("t", "c", TaskState.TASK_STATE_WORKING, undefined);

/** What comes of one append: it is applied or not, and what the writer is told. */
type Fate = (apply: () => Promise<Etag>) => Promise<Etag>;

const fail = (code: "conflict" | "unknown"): never => {
  throw new StoreError({ code, operation: "append" });
};
const unknown: Fate = async () => fail("unknown");
const lostAfter =
  (code: "conflict" | "unknown"): Fate =>
  async (apply) => {
    await apply();
    return fail(code);
  };

interface Scripted extends Fixture {
  readonly writer: TaskWriter;
  /** Fates of the next appends, in order; then they succeed. */
  readonly script: Fate[];
  readonly appends: number[];
  readonly lost: Error[];
  readonly fence: () => Promise<void>;
  reachable: boolean;
}

async function createScripted(): Promise<Scripted> {
  const log = createMemoryTaskLog();
  const script: Fate[] = [];
  const appends: number[] = [];
  const lost: Error[] = [];
  const state = { reachable: true };
  const scripted: TaskLog = {
    ...log,
    readHead: async (task) => (state.reachable ? log.readHead(task) : fail("unknown")),
    async append(task, head, writes, etag) {
      appends.push(fixture.clock.monotonic());
      const apply = async (): Promise<Etag> => log.append(task, head, writes, etag);
      return state.reachable ? (script.shift() ?? ((go) => go()))(apply) : fail("unknown");
    },
  };
  const fixture = createFixture(async () => {}, {}, {}, { log: scripted });
  const { parts, clock } = fixture;
  const create = {
    taskId: "t",
    agent: "test",
    major: 1,
    contextId: "c",
    caller: callerOf("a"),
    message: messageOf("go"),
    held: true,
  };
  const writer = createWriter(
    parts,
    { key, nonce: "mine", from: { create }, since: 0 },
    {
      putOpen: async () => {},
      onCommit() {},
      onCancel() {},
      onDoubt() {},
      onLost: (error) => lost.push(error),
    },
  );
  await writer.begin();
  return Object.assign(state, fixture, {
    writer,
    script,
    appends,
    lost,
    async fence() {
      const version = await readStoredHead(parts, key);
      const by = { holder: "two", nonce: "theirs", now: clock.now() + 2 * LEASE, lease: LEASE };
      const taken = version && rules.take(version.head, "t", 1, "resume", by);
      if (version && taken && "change" in taken) {
        await log.append(key, encodeHead(taken.change.head), [], version.etag);
      }
    },
  });
}

async function generation({ parts }: Fixture): Promise<number | undefined> {
  return (await readStoredHead(parts, key))?.head.generation;
}

test.each(["conflict", "unknown"] as const)(
  "a write that took effect and was answered with %s is not made again",
  async (code) => {
    const scripted = await createScripted();
    scripted.script.push(lostAfter(code));
    await scripted.writer.emit(working);
    expect(scripted.appends).toHaveLength(1);
    expect(await generation(scripted)).toBe(2);
    await scripted.writer.emit(working);
    expect(await generation(scripted)).toBe(3);
    expect(scripted.lost).toEqual([]);
  },
);

test("a write of unknown outcome goes again until it is known", async () => {
  const scripted = await createScripted();
  scripted.script.push(unknown, unknown);
  const emitted = scripted.writer.emit(working);
  await scripted.clock.advance(100);
  await emitted;
  expect(scripted.appends).toHaveLength(3);
  expect(await generation(scripted)).toBe(2);
});

test("a holder that was fenced writes nothing more and says that it lost the task", async () => {
  const scripted = await createScripted();
  await scripted.fence();
  await expect(scripted.writer.emit(working)).rejects.toThrow("lost: fenced");
  expect(scripted.lost).toHaveLength(1);
  const tried = scripted.appends.length;
  await expect(scripted.writer.emit(working)).rejects.toThrow("turn is over");
  await scripted.clock.advance(LEASE * 2);
  expect(scripted.appends).toHaveLength(tried);
  expect(await generation(scripted)).toBe(1);
});

test("an idle holder renews its lease every third of it", async () => {
  const scripted = await createScripted();
  await scripted.clock.advance(LEASE + 1);
  expect(scripted.appends).toEqual([LEASE / 3, (LEASE * 2) / 3, LEASE]);
  expect((await readStoredHead(scripted.parts, key))?.head.lease?.until).toBe(scripted.clock.now() - 1 + LEASE);
  expect(await generation(scripted)).toBe(1);
});

test("a holder that could not reach the store for longer than its lease goes on if the task is still its own", async () => {
  const scripted = await createScripted();
  scripted.reachable = false;
  const emitted = scripted.writer.emit(working);
  await scripted.clock.advance((LEASE * 5) / 6 - 1);
  expect(scripted.writer.isHeld()).toBe(true);
  await scripted.clock.advance(LEASE);
  expect(scripted.writer.isHeld()).toBe(false);
  scripted.reachable = true;
  await scripted.clock.advance(2_000);
  await emitted;
  expect([scripted.lost, scripted.writer.isHeld()]).toEqual([[], true]);
  expect((await readStoredHead(scripted.parts, key))?.head).toMatchObject({ epoch: 1, generation: 2 });
});

test("a holder that could not reach the store is fenced if another instance took the task meanwhile", async () => {
  const scripted = await createScripted();
  scripted.reachable = false;
  const refused = scripted.writer.emit(working).catch((error: unknown) => error);
  const regained = scripted.writer.regain().catch((error: unknown) => error);
  await scripted.clock.advance(LEASE * 2);
  const waits = scripted.writer.regain().catch((error: unknown) => error);
  scripted.reachable = true;
  await scripted.fence();
  await scripted.clock.advance(2_000);
  expect(await refused).toBeInstanceOf(Error);
  expect(await regained).toBeUndefined();
  expect(await waits).toBeInstanceOf(Error);
  expect(scripted.lost).toHaveLength(1);
});

test("a holder gives up when the store has not answered for the time of a turn", async () => {
  const scripted = await createScripted();
  scripted.reachable = false;
  const refused = scripted.writer.emit(working).catch((error: unknown) => error);
  await scripted.clock.advance(602_000);
  expect(await refused).toBeInstanceOf(Error);
  expect(scripted.lost).toHaveLength(1);
});

test("an agent whose holder was fenced is aborted with that reason", async () => {
  const codes: unknown[] = [];
  const fixture = createFixture(async (turn) => {
    turn.signal.addEventListener("abort", () => codes.push(turn.signal.reason));
    await new Promise(() => {});
  });
  const { engine, call, clock, parts } = fixture;
  void engine.send(call(), request("go"));
  await settle();
  const [row] = await parts.index.listOpen(key.scope, "test");
  const taskKey = { scope: key.scope, taskId: row?.taskId ?? "" };
  const version = await readStoredHead(parts, taskKey);
  const by = { holder: "two", nonce: "theirs", now: clock.now() + 2 * LEASE, lease: LEASE };
  const taken = version && rules.take(version.head, taskKey.taskId, 1, "resume", by);
  if (version && taken && "change" in taken) {
    await parts.log.append(taskKey, encodeHead(taken.change.head), [], version.etag);
  }
  await clock.advance(LEASE / 3);
  expect(codes).toMatchObject([{ code: "fenced" }]);
  expect((await readStoredHead(parts, taskKey))?.head).toMatchObject({ nonce: "theirs", generation: 1 });
});

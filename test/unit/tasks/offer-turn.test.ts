import { TaskState } from "@a2a-js/sdk";
import { describe, expect, test } from "vitest";
import { StoreError } from "../../../src/ports/store-error.ts";
import type { WorkQueue } from "../../../src/ports/work-queue.ts";
import { readStoredHead } from "../../../src/tasks/log/transact.ts";
import type { StoredHead } from "../../../src/tasks/log/transact.ts";
import { graceEnds } from "../../../src/tasks/turn/store-reach.ts";
import { createAbandonedWatch } from "../../../src/tasks/watch/abandoned-watch.ts";
import { createFixture, LEASE, settle } from "./engine-fixture.ts";
import type { Fixture } from "./engine-fixture.ts";

const never = new Promise<never>(() => {});
const immediately = { configuration: { returnImmediately: true } };

function unreachable(): Promise<never> {
  return Promise.reject(new StoreError({ code: "unknown", operation: "send work" }));
}

async function stateOf({ engine, call }: Fixture, id: string): Promise<TaskState | undefined> {
  return (await engine.get(call(), { id })).status?.state;
}

describe("a queued turn", () => {
  test.each([
    ["refuses", unreachable],
    ["never answers", () => never],
  ])("is acknowledged and runs here while the queue %s", async (_how, send) => {
    const fixture = createFixture(async (turn) => turn.complete("ok"), {}, {}, { queue: { send } });
    const { id, status } = await fixture.send("go", immediately);
    expect(status?.state).toBe(TaskState.TASK_STATE_SUBMITTED);
    await fixture.clock.advance(2_000);
    expect(await stateOf(fixture, id)).toBe(TaskState.TASK_STATE_COMPLETED);
  });

  test("runs here without a message, if this process lives on by itself and has room", async () => {
    const fixture = createFixture(async (turn) => turn.complete("ok"), {}, { ownsProcess: true });
    const { id } = await fixture.send("go", immediately);
    await settle();
    expect(await stateOf(fixture, id)).toBe(TaskState.TASK_STATE_COMPLETED);
    expect(fixture.queued).toEqual([]);
  });

  test("is sent to others by an instance that has no room", async () => {
    const fixture = createFixture(() => never, {}, { ownsProcess: true, maxTurns: 1 });
    void fixture.send("first").catch(() => {});
    await settle();
    await fixture.send("go", immediately);
    await settle();
    expect(fixture.queued).toHaveLength(1);
  });
});

describe("an orphaned turn", () => {
  function orphanedWith(queue: WorkQueue): Fixture {
    return createFixture(() => never, {}, { ownsProcess: true }, { queue });
  }

  test("is taken over by the sweep while the queue does not answer", async () => {
    const fixture = orphanedWith({ send: unreachable });
    const { id } = await fixture.send("go", immediately);
    await settle();
    // Its holder stands still, and the other instance shares only its stores.
    fixture.clock.freeze(LEASE * 1.5);
    const other = fixture.another({ queue: { send: unreachable } });
    await other.sweep();
    await settle();
    expect(other.turns).toBe(1);
    expect(await stateOf(fixture, id)).toBe(TaskState.TASK_STATE_WORKING);
  });

  test("is offered once a lease, however often its watchers look", async () => {
    const { parts, clock, send } = createFixture(async (turn) => turn.ask("and?"));
    const { id } = await send("go");
    const key = { scope: "a".repeat(32), taskId: id };
    const stored = await readStoredHead(parts, key);
    const lease = { holder: "gone", until: clock.now() - LEASE };
    const head = { ...(stored as StoredHead).head, state: TaskState.TASK_STATE_WORKING, lease };
    const offered: number[] = [];
    const look = createAbandonedWatch(parts, async () => void offered.push(clock.monotonic()));
    for (let at = 0; at < 20; at += 1) {
      look(key, head);
      look({ ...key, taskId: "ended" }, { ...head, state: TaskState.TASK_STATE_COMPLETED });
      look({ ...key, taskId: "held" }, { ...head, lease: { ...lease, until: clock.now() } });
      clock.freeze(LEASE / 10);
    }
    expect(offered).toEqual([0, LEASE]);
  });
});

test("after an outage live holders have half a lease to renew theirs", () => {
  expect(graceEnds(0, LEASE, true, LEASE)).toBe(LEASE * 1.5);
  expect(graceEnds(0, LEASE, false, LEASE)).toBe(-Infinity);
  expect(graceEnds(0, LEASE / 2, true, LEASE)).toBe(-Infinity);
});

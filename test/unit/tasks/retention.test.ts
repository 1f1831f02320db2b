import { TaskState } from "@a2a-js/sdk";
import { expect, test } from "vitest";
import type { Fixture } from "./engine-fixture.ts";
import { callerOf, collect, createFixture, LEASE, request } from "./engine-fixture.ts";
import { StoreError } from "../../../src/ports/store-error.ts";

const SCOPE = "a".repeat(32);
const RETENTION = 7 * 86_400_000;
const LARGE = "x".repeat(60_000);

/** Time passes, and whatever pass is due by then runs. */
async function pass(fixture: Fixture, ms: number, engine = fixture.engine): Promise<void> {
  await fixture.clock.advance(ms);
  await Promise.all([engine.sweep(), engine.retain()]);
}

async function isNothingLeft({ parts }: Fixture): Promise<boolean> {
  const { tasks } = await parts.log.listTasks(undefined);
  const { payloads } = await parts.payloads.list(undefined);
  const { rows } = await parts.index.listEnded(Infinity, undefined);
  const open = await parts.index.listOpen(SCOPE, "test");
  return [tasks, payloads, rows, open].every(({ length }) => length === 0);
}

test("an ended task is there until its retention ends, then nothing of it is", async () => {
  const fixture = createFixture(async (turn) => {
    await turn.artifact("out").close(LARGE);
    await turn.complete("done");
  });
  const { send, engine, call } = fixture;
  const { id } = await send(LARGE, {}, call({ idempotencyKey: "key" }));
  await pass(fixture, RETENTION - 10_000);
  expect(await engine.get(call(), { id })).toMatchObject({ id });

  await pass(fixture, 10_000 + 3_600_000);
  await expect(engine.get(call(), { id })).rejects.toMatchObject({ fault: { code: "not-found" } });
  expect(await isNothingLeft(fixture)).toBe(true);
});

test("a task that waits for its caller is kept, however old", async () => {
  const fixture = createFixture(async (turn) => turn.ask("and?"), {}, { inputTimeout: RETENTION * 4 });
  const { id } = await fixture.send("go");
  await pass(fixture, RETENTION * 2);
  await pass(fixture, RETENTION);

  expect((await fixture.engine.get(fixture.call(), { id })).status?.state).toBe(TaskState.TASK_STATE_INPUT_REQUIRED);
});

test.each(["deleteAll", "append", "remove", "deleteDone"] as const)(
  "another instance finishes a removal that stopped before %s",
  async (step) => {
    let isBroken = true;
    const fixture = createFixture(async (turn) => turn.complete(LARGE));
    const { parts, another } = fixture;
    const broken = another({
      log: breaking(parts.log),
      index: breaking(parts.index),
      payloads: breaking(parts.payloads),
    });
    const { id } = await fixture.send("go");
    await fixture.clock.advance(RETENTION + 3_600_000);
    const stopped = broken.retain();
    await fixture.clock.advance(LEASE * 4);
    await stopped;
    expect(await isNothingLeft(fixture)).toBe(false);
    await expect(fixture.engine.get(fixture.call(), { id })).rejects.toMatchObject({ fault: { code: "not-found" } });

    isBroken = false;
    await pass(fixture, 3_600_000);
    expect(await isNothingLeft(fixture)).toBe(true);

    function breaking<T extends object>(store: T): T {
      return new Proxy(store, {
        get(target, name) {
          // Of the appends only those that delete rows.
          const fails = (args: readonly unknown[]): boolean =>
            isBroken && name === step && (step !== "append" || (args[2] as readonly unknown[]).length > 0);
          return async (...args: unknown[]) => {
            if (fails(args)) {
              throw new StoreError({ code: "unknown", operation: step });
            }
            return Reflect.apply(Reflect.get(target, name) as (...given: unknown[]) => unknown, target, args);
          };
        },
      });
    }
  },
);

test("a key names nothing while its task is being removed, and a new task after that", async () => {
  const fixture = createFixture(async (turn) => turn.complete());
  const { send, call, parts } = fixture;
  const keyed = call({ idempotencyKey: "key" });
  const { id } = await send("go", {}, keyed);
  const key = { scope: SCOPE, taskId: id };
  const head = await parts.log.readHead(key);
  const purging = JSON.parse(head?.body ?? "");
  const etag = await parts.log.append(
    key,
    JSON.stringify({ ...purging, purging: true }),
    (await parts.log.listKeys(key)).map((row) => ({ op: "delete" as const, key: row })),
    head?.etag ?? "",
  );

  await expect(send("go", {}, keyed)).rejects.toMatchObject({ fault: { code: "unavailable", retryAfter: 5 } });
  await parts.log.remove(key, etag);
  expect((await send("stop", {}, keyed)).id).toBe(id);
  await pass(fixture, RETENTION + 3_600_000);
  expect(await isNothingLeft(fixture)).toBe(true);
});

test("the rest of an attempt that was never acknowledged is removed too", async () => {
  const fixture = createFixture(async (turn) => turn.working());
  const { parts, clock } = fixture;
  const lost = fixture.another({
    index: { ...parts.index, putOpen: () => Promise.reject(new StoreError({ code: "unknown", operation: "put" })) },
  });
  void lost.send(fixture.call(), request(LARGE)).catch(() => {});
  await clock.advance(LEASE);
  await parts.payloads.put({ scope: SCOPE, taskId: "gone" }, Buffer.from("never pointed at"));
  expect((await parts.log.listTasks(undefined)).tasks).toHaveLength(1);
  await pass(fixture, RETENTION * 2);
  await pass(fixture, RETENTION);

  expect(await isNothingLeft(fixture)).toBe(true);
});

test("an operator removes a scope: what runs is canceled first, and streams end", async () => {
  const fixture = createFixture(async (turn) => {
    await turn.working();
    await new Promise((resolve) => {
      turn.signal.addEventListener("abort", resolve);
    });
  });
  const { engine, call, clock, another } = fixture;
  const stream = collect(engine.stream(call(), request("go")));
  const kept = another();
  void collect(kept.stream(call({ caller: callerOf("b") }), request("go")));
  await clock.advance(100);
  const removed = another().purge({ scope: SCOPE });
  await clock.advance(20_000);

  expect(await removed).toEqual({ removed: 1, kept: [] });
  expect(await stream).not.toHaveLength(0);
  expect((await fixture.parts.log.listTasks(undefined)).tasks).toMatchObject([{ scope: "b".repeat(32) }]);
});

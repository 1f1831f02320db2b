import { ListTasksRequest } from "@a2a-js/sdk";
import { describe, expect, test } from "vitest";
import type { LoggedResponse, TaskEvents } from "../../../src/tasks/task-engine.ts";
import { createFixture, request as requestOf, settle } from "./engine-fixture.ts";
import type { Fixture } from "./engine-fixture.ts";

/** Time never passes here, so that nothing can come by a look at the store. */

async function readAll(events: TaskEvents): Promise<LoggedResponse[]> {
  const all: LoggedResponse[] = [];
  for (;;) {
    const next = await events.next();
    if (next.done) {
      return all;
    }
    all.push(next.value);
  }
}

/** The next event. */
async function take(events: TaskEvents): Promise<LoggedResponse[]> {
  const { value } = await events.next();
  return value ? [value] : [];
}

const request = (text: string, more: object = {}) => requestOf(text, more);
const generations = (events: readonly LoggedResponse[]): number[] => events.map(({ generation }) => generation);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);

/** Reads of the log since the last look. */
function countReads({ parts }: Fixture): () => number {
  const { log } = parts;
  let reads = 0;
  for (const name of ["readHead", "readTask", "readRange", "readRow"] as const) {
    const read = log[name].bind(log) as (...given: unknown[]) => never;
    log[name] = (...given: unknown[]) => {
      reads += 1;
      return read(...given);
    };
  }
  return () => {
    const since = reads;
    reads = 0;
    return since;
  };
}

describe("a send that is streamed", () => {
  test("is accepted when its message is stored, before its agent says anything, and begins with the Task", async () => {
    const speak = Promise.withResolvers<void>();
    const { durable, call } = createFixture(async (turn) => {
      await speak.promise;
      await turn.complete("done");
    });
    const events = await durable.stream(call(), request("go"));
    const first = await events.next();
    expect(first.value).toMatchObject({ generation: 1, response: { payload: { $case: "task" } } });
    const second = events.next();
    speak.resolve();
    expect((await second).value).toMatchObject({ generation: 2, response: { payload: { $case: "statusUpdate" } } });
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  test.each([
    ["at once", 0],
    ["before anything was read", 1],
  ])("gives all three events of an agent that ends %s, without a look at the log", async (_when, rounds) => {
    const fixture = createFixture(async (turn) => {
      await turn.artifact("a").close("x");
      await turn.complete("done");
    });
    const reads = countReads(fixture);
    const events = await fixture.durable.stream(fixture.call(), request("go"));
    for (let round = 0; round < rounds; round += 1) {
      await settle();
    }
    expect(generations(await readAll(events))).toEqual([1, 2, 3]);
    expect(reads()).toBe(0);
  });

  test.each([1, 63, 64, 65, 250])("misses none of %i events, however late its reader is", async (count) => {
    for (const readFirst of [0, 1, 2]) {
      const { durable, call } = createFixture(async (turn) => {
        for (let at = 1; at < count; at += 1) {
          await turn.working(`${at}`);
        }
        await turn.complete("done");
      });
      const events = await durable.stream(call(), request("go"));
      const all: LoggedResponse[] = [];
      for (let at = 0; at < readFirst; at += 1) {
        all.push(...(await take(events)));
      }
      await settle();
      await settle();
      all.push(...(await readAll(events)));
      expect(generations(all)).toEqual(upTo(count + 1));
    }
  });

  test.each(["the next turn", "a repeat under its key"])("that is %s misses nothing either", async (what) => {
    const isRepeat = what === "a repeat under its key";
    const { durable, call, send } = createFixture(async (turn) => {
      await turn.working("one");
      await turn.working("two");
      await (turn.history.length === 0 && !isRepeat ? turn.ask("and?") : turn.complete("done"));
    });
    const { id: taskId } = isRepeat ? { id: "" } : await send("go");
    const by = isRepeat ? call({ idempotencyKey: "key" }) : call();
    const before = isRepeat ? await durable.stream(by, request("go")) : undefined;
    const events = await durable.stream(by, request("go", { taskId }));
    const [first, ...more] = generations(await readAll(events));
    expect(more).toEqual(more.map((_, at) => (first ?? 0) + at + 1));
    const last = (isRepeat ? generations(await readAll(before as TaskEvents)) : [...upTo(4), 5, 6, 7, 8]).at(-1);
    expect(more.at(-1) ?? first).toBe(last);
  });

  test("is refused before it is a stream", async () => {
    const { durable, call } = createFixture(async () => {}, {}, { maxTurns: 0 });
    await expect(durable.stream(call(), request("go"))).rejects.toMatchObject({ fault: { code: "busy" } });
    await expect(durable.stream(call(), request("go", { taskId: "missing" }))).rejects.toMatchObject({
      fault: { code: "not-found" },
    });
  });

  test("that is refused, or that its reader leaves, is no watcher any more", async () => {
    const never = new Promise<void>(() => {});
    const fixture = createFixture(async () => never);
    const { durable, call, clock } = fixture;
    const events = await durable.stream(call(), request("go"));
    // It watched the same task before it was known that it may not send to it.
    const taskId = (await fixture.engine.list(call(), ListTasksRequest.fromJSON({}))).tasks[0]?.id ?? "";
    await expect(durable.stream(call(), request("go", { taskId }))).rejects.toMatchObject({
      fault: { code: "unsupported" },
    });
    const reads = countReads(fixture);
    await clock.advance(1_000);
    expect(reads()).toBeGreaterThan(0);

    const waiting = events.next().then(() => events.next());
    await settle();
    await events.return();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await events.next()).toEqual({ done: true, value: undefined });
    await clock.advance(5_000);
    expect(reads()).toBe(0);
  });
});

describe("a subscription", () => {
  test("is accepted with nothing to say, and waits where its reader has everything", async () => {
    const { durable, call, send } = createFixture(async (turn) =>
      turn.history.length === 0 ? turn.ask("and?") : turn.complete("done"),
    );
    const { id } = await send("go");
    const events = await durable.subscribe(call({ lastEventId: 2 }), { id });
    let next: IteratorResult<LoggedResponse> | undefined;
    const waiting = events.next().then((result) => (next = result));
    await settle();
    expect(next).toBeUndefined();
    await send("more", { taskId: id });
    await waiting;
    expect(next?.value).toMatchObject({ generation: 3 });
    expect(generations(await readAll(events)).at(0)).toBe(4);
  });

  test("misses no event between its snapshot and what follows", async () => {
    const { durable, call, send } = createFixture(async (turn) =>
      turn.history.length === 0 ? turn.ask("and?") : turn.complete("done"),
    );
    const { id } = await send("go");
    const events = await durable.subscribe(call(), { id });
    await send("more", { taskId: id });
    await settle();
    expect(generations(await readAll(events))).toEqual([2, 3, 4]);
  });
});

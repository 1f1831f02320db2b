import { createHash } from "node:crypto";
import { TaskState } from "@a2a-js/sdk";
import type { Task } from "@a2a-js/sdk";
import { expect, test } from "vitest";
import { toFingerprint } from "../../../src/tasks/calls/idempotency.ts";
import { callerOf, collect, createFixture, LEASE, messageOf, request, saidBy } from "./engine-fixture.ts";
import type { Fixture } from "./engine-fixture.ts";

function withKey({ call }: Fixture, idempotencyKey = "key"): ReturnType<Fixture["call"]> {
  return call({ idempotencyKey });
}

test("a send that is repeated gives its task, and runs it once", async () => {
  let runs = 0;
  const fixture = createFixture(async (turn) => turn.complete(`run ${(runs += 1)}`));
  const first = await fixture.send("go", {}, withKey(fixture));
  const again = await fixture.send("go", { messageId: "another", metadata: { try: 2 } }, withKey(fixture));

  expect(again).toEqual(first);
  expect(runs).toBe(1);
});

test("without a key every send is a new task", async () => {
  const { send } = createFixture(async (turn) => turn.complete());
  expect((await send("go")).id).not.toBe((await send("go")).id);
});

test("keys of another caller, another agent or another value name other tasks", async () => {
  const fixture = createFixture(async (turn) => turn.complete());
  const { call, send, parts } = fixture;
  const other = parts.registry.find("other");
  const ids = [
    await send("go", {}, withKey(fixture)),
    await send("go", {}, call({ idempotencyKey: "key", caller: callerOf("b") })),
    await send("go", {}, call({ idempotencyKey: "key", ...(other && { agent: other }) })),
    await send("go", {}, withKey(fixture, "key 2")),
  ].map(({ id }) => id);

  expect(new Set(ids).size).toBe(4);
});

test.each([
  ["other parts", { parts: [{ text: "stop" }] }],
  ["more parts", { parts: [{ text: "go" }, { text: "on" }] }],
  ["another context", { contextId: "c-2" }],
  ["references", { referenceTaskIds: ["t-1"] }],
])("refuses the key for a message with %s", async (_what, more) => {
  const fixture = createFixture(async (turn) => turn.complete());
  await fixture.send("go", {}, withKey(fixture));

  await expect(fixture.send("go", more, withKey(fixture))).rejects.toMatchObject({
    fault: { code: "invalid", violations: [{ field: "Idempotency-Key" }] },
  });
});

test("two attempts at once on two instances are one task with one run", async () => {
  let runs = 0;
  const gate = Promise.withResolvers<void>();
  const fixture = createFixture(async (turn) => {
    runs += 1;
    await gate.promise;
    await turn.complete("done");
  });
  const other = fixture.another();
  const answers = Promise.all([
    fixture.engine.send(withKey(fixture), request("go")),
    other.send(withKey(fixture), request("go")),
  ]);
  await fixture.clock.advance(100);
  gate.resolve();
  await fixture.clock.advance(1_000);
  const [one, two] = (await answers) as [Task, Task];

  expect(two.id).toBe(one.id);
  expect([one, two].map(saidBy)).toEqual(["done", "done"]);
  expect(runs).toBe(1);
});

test("a repeated stream attaches: the task as it is, then what follows", async () => {
  const gate = Promise.withResolvers<void>();
  const fixture = createFixture(async (turn) => {
    await turn.working("one");
    await gate.promise;
    await turn.complete("two");
  });
  const first = collect(fixture.engine.stream(withKey(fixture), request("go")));
  await fixture.clock.advance(100);
  const again = collect(fixture.another().stream(withKey(fixture), request("go")));
  await fixture.clock.advance(100);
  gate.resolve();
  await fixture.clock.advance(1_000);

  expect((await first).map(({ generation }) => generation)).toEqual([1, 2, 3]);
  const seen = await again;
  expect(seen.map(({ generation }) => generation)).toEqual([2, 3]);
  expect(seen[0]?.response.payload?.$case).toBe("task");
  expect(await collect(fixture.engine.stream(withKey(fixture), request("go")))).toMatchObject([{ generation: 3 }]);
});

test("an answer that is repeated continues its task once, also after the task ended", async () => {
  const fixture = createFixture(async (turn) => {
    await (turn.history.length === 0 ? turn.ask("and?") : turn.complete("thanks"));
  });
  const asked = await fixture.send("go", {}, withKey(fixture));
  const answer = { taskId: asked.id };
  const first = await fixture.send("this", answer, withKey(fixture, "second"));
  const again = await fixture.send("this", answer, withKey(fixture, "second"));

  expect(first.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
  expect(again).toEqual(first);
  await expect(fixture.send("that", answer, withKey(fixture, "second"))).rejects.toMatchObject({
    fault: { code: "invalid" },
  });
  await expect(fixture.send("this", answer, withKey(fixture, "third"))).rejects.toMatchObject({
    fault: { code: "unsupported" },
  });
  // The first key still names the task, whatever became of it since.
  expect((await fixture.send("go", {}, withKey(fixture))).id).toBe(asked.id);
});

test("two attempts of one answer at once are one turn", async () => {
  let runs = 0;
  const fixture = createFixture(async (turn) => {
    runs += 1;
    await (turn.history.length === 0 ? turn.ask("and?") : turn.complete("thanks"));
  });
  const { id } = await fixture.send("go");
  const other = fixture.another();
  const answers = Promise.all(
    [fixture.engine, other].map((engine) => engine.send(withKey(fixture), request("this", { taskId: id } as object))),
  );
  await fixture.clock.advance(2_000);

  expect((await answers).map((task) => saidBy(task as Task))).toEqual(["thanks", "thanks"]);
  expect(runs).toBe(2);
});

test("a task that was queued under a key is found by the sweep, whatever its creator got done", async () => {
  const fixture = createFixture(async (turn) => turn.complete("done"), { runs: "queue" });
  const configuration = { returnImmediately: true };
  const { id } = await fixture.send("go", { configuration }, withKey(fixture));
  fixture.queued.length = 0;
  expect(await fixture.send("go", { configuration }, withKey(fixture))).toMatchObject({ id });
  await fixture.clock.advance(LEASE * 1.5);
  await fixture.engine.sweep();
  await fixture.work();

  expect(saidBy(await fixture.engine.get(fixture.call(), { id }))).toBe("done");
});

test("the fingerprint sees what a message says, not how it was sent", () => {
  const message = { ...messageOf("go"), contextId: "c" };
  const same = { ...message, messageId: "x", metadata: { a: 1 }, extensions: ["e"] };

  expect(toFingerprint(same)).toBe(toFingerprint(message));
  const canonical = '{"contextId":"c","parts":[{"text":"go"}],"role":"ROLE_USER"}';
  expect(toFingerprint(message)).toBe(createHash("sha256").update(canonical).digest("hex"));
});

test("no more turns are admitted than may run, also of calls that come at once", async () => {
  const fixture = createFixture(() => new Promise(() => {}), {}, { maxTurns: 1 });
  const { engine, call, clock } = fixture;
  const first = engine.stream(call({ idempotencyKey: "one" }), request("go")).next();
  const second = engine.stream(call({ idempotencyKey: "two" }), request("go")).next();
  await expect(second).rejects.toMatchObject({ fault: { code: "busy" } });
  await clock.advance(1);
  expect((await first).value?.generation).toBe(1);
  expect(engine.turns).toBe(1);
});

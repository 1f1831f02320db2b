import { describe, expect, test } from "vitest";
import type { LoggedResponse } from "../../../src/tasks/task-engine.ts";
import { createTails } from "../../../src/tasks/watch/tails.ts";
import { untilTurnEnds } from "../../../src/tasks/watch/task-events.ts";
import { createFixture, settle } from "./engine-fixture.ts";
import type { Fixture } from "./engine-fixture.ts";

const COUNT = 250;

/** A task of 250 events, of whose log somebody deleted these. */
async function createWorld(missing: readonly number[]) {
  const fixture = createFixture(async (turn) => {
    for (let at = 2; at < COUNT; at += 1) {
      await turn.working(`${at}`);
    }
    await turn.ask("and?");
  });
  const { id } = await fixture.send("go");
  const reads = loseRows(fixture, missing);
  return { ...fixture, id, reads };
}

function loseRows({ parts: { log } }: Fixture, missing: readonly number[]): { count: number } {
  const reads = { count: 0 };
  const readRange = log.readRange.bind(log);
  log.readRange = async (...given) => {
    reads.count += 1;
    const rows = await readRange(...given);
    return rows.filter(({ key }) => !missing.includes(Number(key.slice(2))));
  };
  return reads;
}

describe("a replay of a log that has lost", () => {
  test.each([
    ["its first event", [1]],
    ["an event in the middle", [7]],
    ["the first event of a later read", [101]],
    ["the last event of a read", [100]],
    ["its last event", [COUNT]],
    ["several", [50, 51, 52, 120]],
    ["all but its first", Array.from({ length: COUNT - 1 }, (_, at) => at + 2)],
    ["everything", Array.from({ length: COUNT }, (_, at) => at + 1)],
  ])("%s ends with an error where it is missing, and skips nothing", async (_what, missing) => {
    const { durable, call, id, reads, clock } = await createWorld(missing);
    const events = await durable.subscribe(call({ lastEventId: 0 }), { id });
    const seen: LoggedResponse[] = [];
    const replay = (async () => {
      for (let next = await events.next(); !next.done; next = await events.next()) {
        seen.push(next.value);
      }
    })();
    await Promise.all([
      expect(replay).rejects.toThrow(`event ${missing[0]} is missing`),
      // It is not to wait, nor to ask again and again.
      settle().then(() => clock.advance(1_000)),
    ]);
    expect(seen.map(({ generation }) => generation)).toEqual(
      Array.from({ length: (missing[0] ?? 0) - 1 }, (_, at) => at + 1),
    );
    expect(reads.count).toBeLessThan(6);
    await events.return();
  });

  test("an event before the reader's place does not matter", async () => {
    const { durable, call, id } = await createWorld([7]);
    const events = await durable.subscribe(call({ lastEventId: 200 }), { id });
    expect((await events.next()).value?.generation).toBe(201);
    await events.return();
  });
});

test("waiting for a turn's end rejects at the gap, and does not watch the task any more", async () => {
  const { parts, call, id, clock } = await createWorld([7]);
  const key = { scope: call().caller.scope, taskId: id };
  const tails = createTails(parts);
  let looks = 0;
  tails.onLook(() => (looks += 1));
  await Promise.all([
    expect(untilTurnEnds(tails, key, 5, new AbortController().signal)).rejects.toThrow("event 7 is missing"),
    settle().then(() => clock.advance(1_000)),
  ]);
  looks = 0;
  await clock.advance(20_000);
  expect(looks).toBe(0);
});

import { describe, expect, test } from "vitest";
import { createRounds } from "../../../src/tasks/rounds.ts";
import type { RoundControl, Rounds } from "../../../src/tasks/rounds.ts";
import { createFixture } from "./engine-fixture.ts";
import type { Fixture } from "./engine-fixture.ts";

const EVERY = 2_000;
const LIMIT = 10_000;
const never = new Promise<never>(() => {});

interface Watched {
  readonly clock: Fixture["clock"];
  readonly rounds: Rounds;
  readonly begun: RoundControl[];
  readonly told: string[];
}

function watch(round: (control: RoundControl, clock: Fixture["clock"], count: number) => Promise<unknown>): Watched {
  const { clock } = createFixture(async () => {});
  const begun: RoundControl[] = [];
  const told: string[] = [];
  const rounds = createRounds(clock, {
    limit: LIMIT,
    round: (control) => round(control, clock, begun.push(control)),
    onStalled: () => told.push("stalled"),
    onFailed: () => told.push("failed"),
  });
  return { clock, rounds, begun, told };
}

const wait = (clock: Fixture["clock"], ms: number): Promise<void> =>
  new Promise((resolve) => void clock.after(ms, resolve));

describe("rounds", () => {
  test("follow each other, and no two run at once", async () => {
    const { clock, rounds, begun, told } = watch((_, at) => wait(at, 3_000));
    rounds.start(EVERY);
    await clock.advance(10_000);
    expect(begun).toHaveLength(2);
    expect(rounds.problem()).toBeUndefined();
    expect(told).toEqual([]);
  });

  test("that hang do not stop the next ones, and are told to end", async () => {
    const { clock, rounds, begun, told } = watch((_, _at, count) => (count === 1 ? never : Promise.resolve()));
    rounds.start(EVERY);
    await clock.advance(EVERY + LIMIT + 1);
    expect(told).toEqual(["stalled"]);
    expect(begun[0]?.signal.aborted).toBe(true);
    expect(rounds.problem()).toMatch(/^a round stalled; none has ended for 1\d s$/);
    await clock.advance(EVERY + 1);
    expect(begun).toHaveLength(2);
    expect(rounds.problem()).toBeUndefined();
  });

  test("that take long but get on have not stalled", async () => {
    const { clock, rounds, told } = watch(async ({ progress }, at) => {
      for (let part = 0; part < 5; part += 1) {
        await wait(at, LIMIT - 1);
        progress();
      }
    });
    rounds.start(EVERY);
    await clock.advance(6 * LIMIT);
    expect(told).toEqual([]);
    expect(rounds.problem()).toBeUndefined();
  });

  test("that fail are told of, and repeated", async () => {
    const { clock, rounds, begun, told } = watch(() => Promise.reject(new Error("no")));
    rounds.start(EVERY);
    await clock.advance(3 * EVERY);
    expect(begun).toHaveLength(3);
    expect(told).toEqual(["failed", "failed", "failed"]);
    expect(rounds.problem()).toMatch(/^the last round failed/);
  });

  test("end at once when they are stopped, without a word, and none begins", async () => {
    const { clock, rounds, begun, told } = watch(() => never);
    const running = rounds.run();
    rounds.stop();
    await running;
    await rounds.run();
    await clock.advance(LIMIT);
    expect(begun.map(({ signal }) => signal.aborted)).toEqual([true]);
    expect(told).toEqual([]);
  });
});

test("a sweep and a retention that are told to end begin nothing more", async () => {
  const fixture = createFixture(async (turn) => turn.complete(), { runs: "queue" });
  const configuration = { returnImmediately: true };
  await Promise.all([1, 2, 3].map(() => fixture.send("go", { configuration })));
  fixture.queued.length = 0;
  await fixture.clock.advance(60_000);
  const aborted = { signal: AbortSignal.abort(), progress: () => {} };
  await fixture.engine.sweep(aborted);
  expect(fixture.queued).toEqual([]);
  expect(await fixture.engine.retain(aborted)).toBe(0);
  await fixture.engine.sweep();
  expect(fixture.queued).toHaveLength(3);
});

import { TaskState } from "@a2a-js/sdk";
import { describe, expect, test } from "vitest";
import { createMemoryPayloads } from "../../../src/adapters/memory/payloads.ts";
import type { Turn } from "../../../src/ports/agent.ts";
import type { Payloads } from "../../../src/ports/payloads.ts";
import { StoreError } from "../../../src/ports/store-error.ts";
import { createFixture, LEASE, request, saidBy, settle } from "./engine-fixture.ts";
import type { Fixture } from "./engine-fixture.ts";

const LARGE = "x".repeat(60_000);
/** A row's body ends at 900 KiB. */
const HUGE = "x".repeat(1_000_000);
const MANY = Array.from({ length: 40 }, () => "x".repeat(40_000));

type Outage = "refused" | "unanswered";

interface Blobs extends Payloads {
  outage: Outage | undefined;
  /** Ms that the service asks to be left alone. */
  retryAfter: number | undefined;
  /** Monotonic times of all requests. */
  readonly asked: number[];
}

interface OutageFixture extends Fixture {
  readonly blobs: Blobs;
}

function createOutageFixture(run: (turn: Turn) => Promise<void>, definition = {}): OutageFixture {
  const memory = createMemoryPayloads();
  const asked: number[] = [];
  const guard = async (operation: string): Promise<void> => {
    asked.push(fixture.clock.monotonic());
    if (blobs.outage === "unanswered") {
      // As the adapter ends a request without an answer.
      await new Promise<void>((resolve) => void fixture.clock.after(10_000, resolve));
    }
    if (blobs.outage) {
      const { retryAfter } = blobs;
      throw new StoreError({ code: "unknown", operation, ...(retryAfter !== undefined && { retryAfter }) });
    }
  };
  const blobs: Blobs = {
    outage: undefined,
    retryAfter: undefined,
    asked,
    put: async (task, bytes) => guard("put").then(() => memory.put(task, bytes)),
    get: async (task, claim) => guard("get").then(() => memory.get(task, claim)),
    deleteAll: (task) => memory.deleteAll(task),
    list: (after) => memory.list(after),
  };
  const fixture = createFixture(run, definition, {}, { payloads: blobs });
  return Object.assign(fixture, { blobs });
}

/** A blocking call; its answer may take as long as the outage. */
function begin({ engine, call }: Fixture): { readonly answer: Promise<unknown>; isAnswered: boolean } {
  const begun = { answer: engine.send(call(), request("go")), isAnswered: false };
  const answered = (): void => {
    begun.isAnswered = true;
  };
  begun.answer.then(answered, answered);
  return begun;
}

async function onlyTask({ parts }: Fixture): Promise<string> {
  const { tasks } = await parts.log.listTasks(undefined);
  return tasks[0]?.taskId ?? "";
}

const emitting: [string, (turn: Turn) => Promise<void>][] = [
  ["an artifact", async (turn) => turn.artifact("a").close(LARGE)],
  ["an artifact of many parts", async (turn) => turn.artifact("a").close(MANY)],
  ["a status message", async (turn) => turn.working(LARGE)],
  ["the result of a step", async (turn) => void (await turn.step("one", async () => HUGE))],
  ["a checkpoint", async (turn) => turn.checkpoint(HUGE)],
  ["its last message", async (turn) => turn.complete(LARGE)],
];

describe.each<Outage>(["refused", "unanswered"])("while requests for blobs are %s", (outage) => {
  test.each(emitting)("a turn that emits %s waits, keeps its lease, and goes on afterwards", async (_, emit) => {
    const fixture = createOutageFixture(
      async (turn) => {
        await turn.working("begun");
        fixture.blobs.outage = outage;
        await emit(turn);
      },
      { rerun: "steps" },
    );
    const { blobs, clock, lines } = fixture;
    const begun = begin(fixture);
    await clock.advance(LEASE * 4);
    expect(begun.isAnswered).toBe(false);
    const [taken] = (await fixture.parts.index.listDue(clock.now(), 10)).map(({ row }) => row);
    expect(taken).toMatchObject({ turn: 1 });
    await fixture.another().sweep();
    expect(fixture.queued).toEqual([]);

    blobs.outage = undefined;
    await clock.advance(15_000);
    expect(await begun.answer).toMatchObject({ status: { state: TaskState.TASK_STATE_COMPLETED } });
    expect(lines).toEqual([]);
  });

  test.each(emitting)("a turn that emits %s ends at its timeout, in time", async (_, emit) => {
    const fixture = createOutageFixture(
      async (turn) => {
        await turn.working("begun");
        fixture.blobs.outage = outage;
        await emit(turn);
      },
      { rerun: "steps", timeout: 60 },
    );
    const begun = begin(fixture);
    await fixture.clock.advance(60_000 + 11_000);
    expect(begun.isAnswered).toBe(true);
    const task = await begun.answer;
    expect(task).toMatchObject({ status: { state: TaskState.TASK_STATE_FAILED } });
    expect(saidBy(task as never)).toBe("The agent did not finish within 60 seconds.");
  });

  test("a turn that waits is canceled at once", async () => {
    const fixture = createOutageFixture(async (turn) => {
      await turn.working("begun");
      fixture.blobs.outage = outage;
      await turn.complete(LARGE);
    });
    const { clock, engine, call } = fixture;
    const begun = begin(fixture);
    await clock.advance(1_000);
    const taskId = await onlyTask(fixture);
    const canceled = engine.cancel(call(), { id: taskId });
    await clock.advance(6_000);
    expect(await canceled).toMatchObject({ status: { state: TaskState.TASK_STATE_CANCELED } });
    expect(await begun.answer).toMatchObject({ status: { state: TaskState.TASK_STATE_CANCELED } });
  });

  test("a turn that waits is handed over at shutdown, and ends elsewhere", async () => {
    const fixture = createOutageFixture(
      async (turn) => {
        if (turn.attempt === 1 && !fixture.blobs.retryAfter) {
          fixture.blobs.outage = outage;
          fixture.blobs.retryAfter = 1;
        }
        await turn.artifact("a").close(LARGE);
      },
      { rerun: "steps" },
    );
    const { blobs, clock, engine } = fixture;
    const begun = begin(fixture);
    await clock.advance(1_000);
    const closed = engine.close();
    await clock.advance(2_000);
    await closed;
    await expect(begun.answer).rejects.toMatchObject({ fault: { code: "unavailable" } });

    blobs.outage = undefined;
    expect(fixture.queued).toMatchObject([{ kind: "turn", turn: 1 }]);
    const other = fixture.another();
    await fixture.work(other);
    const taskId = await onlyTask(fixture);
    expect(await other.get(fixture.call(), { id: taskId })).toMatchObject({
      status: { state: TaskState.TASK_STATE_COMPLETED },
    });
  });

  test("a snapshot that is too large for a row is left out, and the turn ends", async () => {
    const fixture = createOutageFixture(async (turn) => {
      const artifact = turn.artifact("a");
      for (const part of MANY) {
        await artifact.append(part);
      }
      fixture.blobs.outage = outage;
    });
    const begun = begin(fixture);
    await fixture.clock.advance(LEASE);
    expect(await begun.answer).toMatchObject({ status: { state: TaskState.TASK_STATE_COMPLETED } });
    fixture.blobs.outage = undefined;
    const { tasks } = await fixture.parts.log.listTasks(undefined);
    const task = await fixture.engine.get(fixture.call(), { id: tasks[0]?.taskId ?? "" });
    expect(task.artifacts[0]?.parts).toHaveLength(MANY.length);
  });

  test("a task with large content is refused to a reader within 10 s, and then read", async () => {
    const fixture = createOutageFixture(async (turn) => turn.complete(LARGE));
    const { blobs, clock, engine, call } = fixture;
    const { id } = await fixture.send("go");
    blobs.outage = outage;
    blobs.retryAfter = outage === "refused" ? 3_000 : undefined;
    const reading = engine.get(call(), { id });
    const refused = reading.catch((error: unknown) => error);
    let isRefused = false;
    void refused.then(() => (isRefused = true));
    await clock.advance(10_000);
    expect(isRefused).toBe(true);
    const retryAfter = outage === "refused" ? 3 : 2;
    expect(await refused).toMatchObject({ fault: { code: "unavailable", retryAfter } });
    blobs.outage = undefined;
    expect(saidBy(await engine.get(call(), { id }))).toBe(LARGE);
  });

  test("a turn whose steps cannot be read is not taken, which costs it no attempt", async () => {
    const attempts: number[] = [];
    const fixture = createOutageFixture(
      async (turn) => {
        attempts.push(turn.attempt);
        await turn.step("one", async () => HUGE);
        if (attempts.length === 1) {
          await new Promise((resolve) => turn.signal.addEventListener("abort", resolve));
        }
      },
      { rerun: "steps" },
    );
    const { blobs, clock, engine } = fixture;
    const refused = begin(fixture).answer.catch((error: unknown) => error);
    await clock.advance(1_000);
    const closed = engine.close();
    await clock.advance(1_000);
    await closed;
    expect(await refused).toMatchObject({ fault: { code: "unavailable" } });

    blobs.outage = outage;
    const other = fixture.another();
    const [message] = fixture.queued;
    for (let round = 0; round < 4; round += 1) {
      const working = message?.kind === "turn" ? other.work(message).catch((error: unknown) => error) : undefined;
      await clock.advance(LEASE + 11_000);
      expect(await working).toMatchObject({ fault: { code: "unavailable" } });
    }
    blobs.outage = undefined;
    await fixture.work(other);
    expect(attempts).toEqual([1, 1]);
    const taskId = await onlyTask(fixture);
    expect(await other.get(fixture.call(), { id: taskId })).toMatchObject({
      status: { state: TaskState.TASK_STATE_COMPLETED },
    });
  });
});

test("a store that asks to be left alone is left alone for so long", async () => {
  const fixture = createOutageFixture(async (turn) => {
    await turn.working("begun");
    Object.assign(fixture.blobs, { outage: "refused", retryAfter: 7_000 });
    await turn.complete(LARGE);
  });
  const begun = begin(fixture);
  await fixture.clock.advance(30_000);
  const times = fixture.blobs.asked.map((at, index, all) => at - (all[index - 1] ?? at)).slice(1);
  expect(times.length).toBeGreaterThan(2);
  expect(Math.min(...times)).toBeGreaterThanOrEqual(7_000);
  fixture.blobs.outage = undefined;
  await fixture.clock.advance(8_000);
  await settle();
  expect(await begun.answer).toMatchObject({ status: { state: TaskState.TASK_STATE_COMPLETED } });
});

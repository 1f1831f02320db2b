import { describe, expect, test } from "vitest";
import { createSystemClock } from "../../src/adapters/system-clock.ts";
import { createMemoryWorkQueue } from "../../src/adapters/memory/work-queue.ts";
import type { Logger } from "../../src/ports/logger.ts";
import type { WorkMessage } from "../../src/ports/work-queue.ts";

describe("the queue in memory", () => {
  test("keeps messages until somebody takes them", async () => {
    const queue = createMemoryWorkQueue(1, createSystemClock(), silent());
    await queue.send(message(1));
    const taken: number[] = [];
    queue.onMessage(async (given) => void taken.push(turnOf(given)));
    await queue.send(message(2));
    await queue.close();

    expect(taken).toContain(1);
  });

  test("hands out as many at once as it may, and the rest as those end", async () => {
    const queue = createMemoryWorkQueue(2, createSystemClock(), silent());
    const begun: number[] = [];
    const ends = [1, 2, 3].map(() => Promise.withResolvers<void>());
    const third = Promise.withResolvers<void>();
    queue.onMessage((given) => {
      const turn = turnOf(given);
      begun.push(turn);
      if (turn === 3) third.resolve();
      return ends[turn - 1]?.promise ?? Promise.resolve();
    });
    for (const turn of [1, 2, 3]) {
      await queue.send(message(turn));
    }

    expect(begun).toEqual([1, 2]);
    ends[1]?.resolve();
    await third.promise;
    expect(begun).toEqual([1, 2, 3]);
  });

  test("goes on after a handler that failed, and says so", async () => {
    const logger = silent();
    const queue = createMemoryWorkQueue(1, createSystemClock(), logger);
    const second = Promise.withResolvers<void>();
    queue.onMessage(async (given) => {
      if (turnOf(given) === 1) throw new Error("broken");
      second.resolve();
    });
    await queue.send(message(1));
    await queue.send(message(2));
    await second.promise;

    expect(logger.events).toEqual(["work.failed"]);
  });

  test("closes after the running ones, and begins no other", async () => {
    const queue = createMemoryWorkQueue(1, createSystemClock(), silent());
    const end = Promise.withResolvers<void>();
    const begun: number[] = [];
    queue.onMessage((given) => {
      begun.push(turnOf(given));
      return end.promise;
    });
    await queue.send(message(1));
    await queue.send(message(2));
    let isClosed = false;
    const closing = queue.close().then(() => (isClosed = true));
    await Promise.resolve();

    expect(isClosed).toBe(false);
    end.resolve();
    await closing;
    expect(begun).toEqual([1]);
  });
});

function message(turn: number): WorkMessage {
  return { kind: "turn", scope: "0".repeat(32), taskId: "t", agent: "echo", turn };
}

function turnOf(given: WorkMessage): number {
  return given.kind === "turn" ? given.turn : 0;
}

function silent(): Logger & { readonly events: string[] } {
  const events: string[] = [];
  const note = (event: string): void => void events.push(event);
  return { events, info: note, warn: note, error: note };
}

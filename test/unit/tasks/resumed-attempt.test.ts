import { describe, expect, test } from "vitest";
import { toParts } from "../../../src/tasks/turn/content.ts";
import { createResumedAttempt } from "../../../src/tasks/turn/resumed-attempt.ts";

const one = toParts("one");
const two = toParts("two");

function replayOf(
  steps: [string, null | number][],
  closed: [string, number][] = [],
): ReturnType<typeof createResumedAttempt> {
  return createResumedAttempt({ steps: new Map(steps), closed: new Map(closed) });
}

describe("steps", () => {
  test("give their stored result, null too, and end the catching up with the last one", () => {
    const replay = replayOf([
      ["a", null],
      ["b", 2],
    ]);
    expect(replay.isCatchingUp).toBe(true);
    expect(replay.takeStep("a")).toEqual({ value: null });
    expect(replay.takeStep("new")).toBeUndefined();
    expect(replay.isCatchingUp).toBe(true);
    expect(replay.takeStep("b")).toEqual({ value: 2 });
    expect(replay.isCatchingUp).toBe(false);
  });

  test("refuse a name that was used in this attempt, stored or not", () => {
    const replay = replayOf([["a", 1]]);
    replay.takeStep("a");
    replay.takeStep("b");
    expect(() => replay.takeStep("a")).toThrow(/"a".*already used/);
    expect(() => replay.takeStep("b")).toThrow(TypeError);
  });
});

describe("an artifact", () => {
  test("is sent as it comes in a first attempt", () => {
    const write = replayOf([]).openArtifact("x");
    expect(write(one, false)).toEqual({ do: "send", append: false, parts: one });
    expect(write(two, false)).toEqual({ do: "send", append: true, parts: two });
  });

  test("that an earlier attempt closed is absorbed as often as it did", () => {
    const replay = replayOf([], [["x", 2]]);
    for (const fate of ["drop", "drop", "send"]) {
      expect(replay.openArtifact("x")(one, false).do).toBe(fate);
    }
    expect(replay.openArtifact("y")(one, false).do).toBe("send");
  });

  test("that was left open begins anew with everything of it so far", () => {
    const replay = replayOf([["a", 1]]);
    const write = replay.openArtifact("x");
    expect(write(one, false)).toEqual({ do: "drop" });
    replay.takeStep("a");
    expect(write(two, false)).toEqual({ do: "send", append: false, parts: [...one, ...two] });
    expect(write(one, false)).toEqual({ do: "send", append: true, parts: one });
  });

  test("of a step that runs is sent while other steps are unread", () => {
    expect(replayOf([["b", 1]], [["x", 1]]).openArtifact("x")(one, true)).toEqual({
      do: "send",
      append: false,
      parts: one,
    });
  });
});

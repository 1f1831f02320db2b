import { expect, test } from "vitest";
import { scoreFlags } from "../../../eval/score-flags.ts";

const HOUR = 3_600_000;

test("scores a window once, including its ends", () => {
  const windows = [
    [0, HOUR],
    [5 * HOUR, 6 * HOUR],
    [9 * HOUR, 10 * HOUR],
  ] as const;
  expect(scoreFlags([0, HOUR, 6 * HOUR], windows, 1)).toEqual({ hits: 2, falseAlarms: 0 });
});

test("merges flags outside windows that are an hour apart", () => {
  expect(scoreFlags([0, HOUR, 2 * HOUR, 3 * HOUR + 1], [], 1)).toEqual({ hits: 0, falseAlarms: 2 });
});

test("merges flags outside windows that are one sampling step apart", () => {
  expect(scoreFlags([0, 24 * HOUR, 48 * HOUR], [], 24 * HOUR)).toEqual({ hits: 0, falseAlarms: 1 });
});

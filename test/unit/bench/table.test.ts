import { expect, it } from "vitest";
import { toTable } from "../../../bench/table.ts";

it("shows the spread of the rounds, the ratio and whether the aim is met", () => {
  const row = { part: "GetTask", unit: "requests/s", values: [1_300, 1_100, 1_200] } as const;
  const lines = toTable([
    { ...row, server: "one", p50: 1, p99: 2.5, cpu: 200.4, ratio: 1 },
    { ...row, server: "other", ratio: 1.994, aim: { text: "at least 2 times", isMet: false } },
  ]).split("\n");

  expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
    ["", "min", "median", "max", "p50 ms", "p99 ms", "CPU µs", "by SDK", "aim"],
    ["GetTask", "one", "1,100", "1,200", "1,300", "requests/s", "1.00", "2.50", "200", "1.00"],
    ["", "other", "1,100", "1,200", "1,300", "requests/s", "1.99", "at least 2 times", "not met"],
  ]);
});

import { expect, test } from "vitest";
import { createLogger } from "../../../src/hosts/node/logger.ts";
import { toTerminalLine } from "../../../src/hosts/node/terminal-line.ts";

function logged(level: "info" | "error", fields?: Record<string, unknown>): string {
  const lines: string[] = [];
  createLogger("info", (line) => lines.push(toTerminalLine(line)))[level]("task.happened", fields);
  return lines.join("\n").replace(/^\d\d:\d\d:\d\d/, "hh:mm:ss");
}

test("an event is one line: when, what, and its fields", () => {
  expect(logged("info", { taskId: "t-1", turn: 2 })).toBe("hh:mm:ss task.happened taskId=t-1 turn=2");
});

test("what is not routine says how bad it is", () => {
  expect(logged("error")).toBe("hh:mm:ss error task.happened");
});

test("less than the level is not logged", () => {
  const lines: string[] = [];
  createLogger("error", (line) => lines.push(line)).info("task.happened");
  expect(lines).toEqual([]);
});

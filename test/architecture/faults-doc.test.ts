import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const COLUMNS = ["fault", "what a client sees", "what an operator sees", "how long", "test"];

test("docs/faults.md is one table whose rows are complete and name tests that exist", () => {
  const lines = readFileSync("docs/faults.md", "utf8").split("\n");
  const [head, , ...rows] = lines.filter((line) => line.startsWith("|")).map(toCells);

  expect(head).toEqual(COLUMNS);
  expect(rows.length).toBeGreaterThan(4);
  for (const row of rows) {
    expect(row).toHaveLength(COLUMNS.length);
    expect(row.filter((cell) => cell === "")).toEqual([]);
    const tests = [...(row.at(-1) ?? "").matchAll(/`([^`]+)`/g)].map(([, path]) => path ?? "");
    expect(tests.length).toBeGreaterThan(0);
    expect(tests.filter((path) => !existsSync(path))).toEqual([]);
  }
});

function toCells(line: string): string[] {
  return line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}

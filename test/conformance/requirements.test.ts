import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { requirements } from "./requirements.ts";

const sources = globSync("*.test.ts", { cwd: import.meta.dirname })
  .filter((file) => file !== "requirements.test.ts")
  .map((file) => readFileSync(`${import.meta.dirname}/${file}`, "utf8"));
const cited = new Set(sources.flatMap(readCitations));

test("no requirement is listed twice", () => {
  const ids = requirements.map(({ id }) => id);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});

test("a test cites each requirement that is not due later", () => {
  const due = requirements.filter(({ later }) => later === undefined);
  expect(due.map(({ id }) => id).filter((id) => !cited.has(id))).toEqual([]);
});

test("a requirement that a test cites is not due later", () => {
  const later = requirements.filter((requirement) => requirement.later !== undefined);
  expect(later.map(({ id }) => id).filter((id) => cited.has(id))).toEqual([]);
});

test("every citation names a requirement", () => {
  const known = new Set(requirements.map(({ id }) => id));
  expect([...cited].filter((id) => !known.has(id))).toEqual([]);
});

test("no test that cites is switched off", () => {
  expect(sources.flatMap((source) => source.match(/\b(?:test|describe)\.(?:skip|todo|only|fails)\w*/g) ?? [])).toEqual(
    [],
  );
});

/** The bracketed ids in a file's code; comments do not count. */
function readCitations(source: string): string[] {
  const code = source.replaceAll(/^\s*(?:\/\/|\*|\/\*).*$/gm, "");
  return [...code.matchAll(/\[((?:\d+(?:\.\d+)*|wire)-[a-z0-9-]+)\]/g)].map(([, id = ""]) => id);
}

import { expect, test } from "vitest";
import { isTooDeep } from "../../../src/protocol/request/json-depth.ts";

test.each([
  ["[[[]]]", false],
  ["[[[[]]]]", true],
  ['{"a":{"b":{"c":1}}}', false],
  ['{"a":[{"b":[]}]}', true],
  ["[[],[],[],[[]]]", false],
  ['["[[[[[["]', false],
  [String.raw`["\"[[[[[["]`, false],
  [String.raw`["\\",[[[]]]]`, true],
  [String.raw`["\\\"[[[[["]`, false],
  ['["unclosed [[[[', false],
])("with at most 3 levels %s is too deep: %s", (json, expected) => {
  expect(isTooDeep(json, 3)).toBe(expected);
});

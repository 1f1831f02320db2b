import { expect, test } from "vitest";
import { createStateKeys } from "../../../src/ports/state-keys.ts";
import { parsePageToken, toPageToken } from "../../../src/tasks/calls/page-token.ts";

const old = new Uint8Array(32).fill(1);
const key = createStateKeys([old]);
const page = { after: { statusTime: 1_800_000_000_000, taskId: "0a-B" }, total: 12 };
const token = toPageToken(key, page, "walk");

test("a token says where its own walk goes on", () => {
  expect(parsePageToken(key, token, "walk")).toEqual(page);
});

test("a token of another walk, or under another key, is none", () => {
  expect(parsePageToken(key, token, "other")).toBeUndefined();
  expect(parsePageToken(createStateKeys([new Uint8Array(32)]), token, "walk")).toBeUndefined();
});

test("a token goes on being one after its key was followed by another", () => {
  const rotated = createStateKeys([new Uint8Array(32).fill(2), old]);
  expect(parsePageToken(rotated, token, "walk")).toEqual(page);
  expect(parsePageToken(key, toPageToken(rotated, page, "walk"), "walk")).toBeUndefined();
});

test("a token with any character changed is none", () => {
  for (let at = 0; at < token.length; at += 1) {
    const changed = `${token.slice(0, at)}${token[at] === "0" ? "1" : "0"}${token.slice(at + 1)}`;
    expect(parsePageToken(key, changed, "walk")).toBeUndefined();
  }
  for (const wrong of ["", "x", token.slice(1), `${token}0`, ` ${token}`, token.slice(0, -32), token.toUpperCase()]) {
    expect(parsePageToken(key, wrong, "walk")).toBeUndefined();
  }
});

import type { Part } from "@a2a-js/sdk";
import { expect, test } from "vitest";
import { toParts } from "../../../src/tasks/turn/content.ts";

const plain = { metadata: undefined, filename: "", mediaType: "" };

test("a string is one text part, and stands for one in a list", () => {
  const part = { ...plain, content: { $case: "text", value: "hi" } };
  expect(toParts("hi")).toEqual([part]);
  expect(toParts(["hi", { text: "hi" }])).toEqual([part, part]);
  expect(toParts([{ text: "" }])).toMatchObject([{ content: { value: "" } }]);
});

test("each kind of content has its shorthand", () => {
  const parts = toParts([
    { raw: new Uint8Array([1, 2, 3]).subarray(1), mediaType: "a/b", filename: "f" },
    { url: "https://example.com" },
    { data: { n: [1] }, metadata: { k: 1 } },
    { data: null },
    { data: false },
  ]);
  expect(parts).toEqual([
    { content: { $case: "raw", value: Buffer.from([2, 3]) }, metadata: undefined, filename: "f", mediaType: "a/b" },
    { ...plain, content: { $case: "url", value: "https://example.com" } },
    { ...plain, content: { $case: "data", value: { n: [1] } }, metadata: { k: 1 } },
    { ...plain, content: { $case: "data", value: null } },
    { ...plain, content: { $case: "data", value: false } },
  ]);
});

test.each([
  ["none", {}],
  ["none", { content: undefined }],
  ["text and data", { text: "a", data: 1 }],
])("a part with the wrong content is refused: %s", (what, part) => {
  expect(() => toParts(["fine", part as unknown as Part])).toThrow(
    `part 1: give exactly one of text, raw, url, data, not ${what}`,
  );
});

test("a part of the protocol passes as a new object, sharing nothing that can change", () => {
  const [part] = toParts([{ data: { n: 1 } }]);
  const [again] = toParts([part as Part]);
  expect(again).toEqual(part);
  expect(again).not.toBe(part);
  expect(again?.content?.value).not.toBe(part?.content?.value);
});

test("a lone surrogate becomes U+FFFD wherever it is, so that live and stored text are the same", () => {
  const bad = "a\ud83d";
  const good = "a\ufffd";
  const parts = toParts([
    bad,
    { text: `${bad}\u{1f600}`, filename: bad, mediaType: bad, metadata: { [bad]: [bad] } },
    { data: { [bad]: { list: [bad, "\\ud83d", `\\${bad}`, "\u{1f600}", '"\udc00"'] } } },
    { url: `https://example.com/${bad}` },
  ]);
  expect(parts).toEqual([
    { ...plain, content: { $case: "text", value: good } },
    {
      content: { $case: "text", value: `${good}\u{1f600}` },
      filename: good,
      mediaType: good,
      metadata: { [good]: [good] },
    },
    {
      ...plain,
      content: {
        $case: "data",
        value: { [good]: { list: [good, "\\ud83d", `\\${good}`, "\u{1f600}", '"\ufffd"'] } },
      },
    },
    { ...plain, content: { $case: "url", value: `https://example.com/${good}` } },
  ]);
});

test("metadata is copied, as JSON carries it", () => {
  const metadata = { when: new Date(0) as never, list: [1] };
  const [part] = toParts([{ text: "a", metadata }]);
  metadata.list.push(2);
  expect(part?.metadata).toEqual({ when: "1970-01-01T00:00:00.000Z", list: [1] });
});

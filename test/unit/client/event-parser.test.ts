import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createEventParser } from "../../../src/client/event-parser.ts";
import type { ServerSentEvent } from "../../../src/client/event-parser.ts";

function parse(...chunks: string[]): ServerSentEvent[] {
  const parser = createEventParser();
  return chunks.flatMap((chunk) => parser.push(chunk));
}

const event = (data: string, more: Partial<ServerSentEvent> = {}): ServerSentEvent => {
  return { id: undefined, type: "message", data, ...more };
};

test.each([
  ["fields with and without a space", "data:a\n\ndata: b\n\ndata:  c\n\n", [event("a"), event("b"), event(" c")]],
  ["data of several lines", "data: a\ndata\ndata: c\n\n", [event("a\n\nc")]],
  ["an event's own id only", "id: 7\ndata: a\n\ndata: b\n\n", [event("a", { id: "7" }), event("b")]],
  ["an id before or after the data", "data: a\nid: 7\n\n", [event("a", { id: "7" })]],
  ["no id with a NUL", "id: 7\0\ndata: a\n\n", [event("a")]],
  ["a named event", "event: error\ndata: a\n\ndata: b\n\n", [event("a", { type: "error" }), event("b")]],
  ["comments and unknown fields as nothing", ": hi\nfoo: bar\ndata: a\n:\n\n", [event("a")]],
  ["no event without data", "id: 7\nevent: x\n\ndata: a\n\n", [event("a")]],
  ["each kind of line end", "data: a\r\rdata: b\r\n\r\ndata: c\n\n", [event("a"), event("b"), event("c")]],
  ["nothing of an event that does not end", "data: a\n\nid: 8\ndata: b\n", [event("a")]],
])("reads %s", (_, text, events) => {
  expect(parse(text)).toEqual(events);
});

test("reads the same wherever the stream is cut", () => {
  const text =
    "\r\ndata: a\r\ndata: b\r\n\r\n: x\r\rid: 4\rdata: c\r\rdata: d\n\nretry: 5\n\nevent: e\r\ndata:\r\n\r\n";
  const whole = parse(text);
  expect(whole).toHaveLength(4);
  fc.assert(
    fc.property(fc.array(fc.nat(text.length)), (cuts) => {
      const ends = [0, ...cuts.toSorted((one, other) => one - other), text.length];
      expect(parse(...ends.slice(1).map((end, at) => text.slice(ends[at], end)))).toEqual(whole);
    }),
  );
});

test("tells how soon the server wants to be asked again", () => {
  const parser = createEventParser();
  parser.push("retry: 1000\n\nretry: soon\n\n");
  expect(parser.retry).toBe(1_000);
});

test("refuses an event without an end", () => {
  const parser = createEventParser();
  const line = `data: ${"x".repeat(1_000_000)}\n`;
  expect(() => {
    for (let lines = 0; lines < 20; lines += 1) parser.push(line);
  }).toThrow(RangeError);
});

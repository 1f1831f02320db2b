import { describe, expect, it } from "vitest";
import { createAnswerReader } from "../../../bench/answer-reader.ts";

const sized = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{"a": 1}\r\n\n';
// A chunk's bytes may look like an end of chunks.
const chunked =
  'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7\r\n0\r\n\r\n:\n\r\n1a\r\ndata: {"result":"finished"}\r\n0\r\n\r\n';

describe("the reader of measured answers", () => {
  it.each([
    ["a content-length", sized],
    ["chunks", chunked],
  ])("finds the end of a response with %s, however its bytes arrive", (_, response) => {
    for (const step of [1, 2, 7, response.length]) {
      const reader = createAnswerReader();
      for (let at = 0; at < response.length; at += step) {
        const bytes = Buffer.from(response.slice(at, at + step));
        expect(reader.push(bytes)).toBe(at + step >= response.length);
      }
      expect(reader.take().toString()).toBe(response);
    }
  });

  it("reads the next response of the same connection", () => {
    const reader = createAnswerReader();
    for (const response of [chunked, sized, chunked]) {
      expect(reader.push(Buffer.from(response))).toBe(true);
      expect(reader.take().toString()).toBe(response);
    }
  });

  it("refuses an answer that is no 200", () => {
    const refused = Buffer.from("HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n");
    expect(() => createAnswerReader().push(refused)).toThrow("429");
  });
});

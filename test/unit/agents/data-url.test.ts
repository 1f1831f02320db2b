import { expect, test } from "vitest";
import { parseDataUrl } from "../../../src/agents/data-url.ts";

const text = (url: string): string | undefined => {
  const data = parseDataUrl(url);
  return data && new TextDecoder().decode(data.bytes);
};

test.each([
  ["data:text/csv;base64,dGltZSx2YWx1ZQ==", "text/csv", "time,value"],
  ["data:text/csv;charset=utf-8;base64,w7w", "text/csv;charset=utf-8", "ü"],
  ["data:text/csv,time%2Cvalue", "text/csv", "time,value"],
  ["DATA:,a%20b", "", "a b"],
  ["data:;base64,", "", ""],
])("reads %s", (url, mediaType, content) => {
  expect(parseDataUrl(url)?.mediaType).toBe(mediaType);
  expect(text(url)).toBe(content);
});

test.each(["data:text/csv", "data:;base64,&&", "data:,%zz", "https://example.com/a,b"])("has nothing of %s", (url) => {
  expect(parseDataUrl(url)).toBeUndefined();
});

import { expect, test } from "vitest";
import { toJsonType } from "../../../src/protocol/request/accept.ts";

test.each([
  "application/a2a+json",
  "application/json, Application/A2A+JSON;q=0.5",
  "text/html, application/*",
  "*/*",
  "application/json;q=0.9, */*;q=0.1",
])("a client that accepts %s gets the media type of the specification", (accept) => {
  expect(toJsonType(accept)).toBe("application/a2a+json");
});

test.each([undefined, "", "application/json", "application/json, text/event-stream", "text/event-stream", "*/*;q=0"])(
  "a client that accepts %j gets application/json",
  (accept) => {
    expect(toJsonType(accept)).toBe("application/json");
  },
);

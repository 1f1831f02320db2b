import { randomUUID } from "node:crypto";
import * as fc from "fast-check";
import type { Json, JsonObject } from "./json.ts";
import { toSend } from "./messages.ts";
import type { OperationName } from "./operations.ts";

export const sends: readonly OperationName[] = ["SendMessage", "SendStreamingMessage"];

/** Parameters that cannot be accepted, whatever else they hold. */
export function createParams(name: OperationName): fc.Arbitrary<Json> {
  const value = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>;
  if (sends.includes(name)) return fc.oneof(value, createWrongSend());
  if (name === "ListTasks") {
    const wrong: fc.Arbitrary<JsonObject> = fc.oneof(
      fc.record({ pageSize: fc.constantFrom(0, -1, 101, 1.5, "many", 2 ** 40) }),
      fc.record({ pageToken: fc.string({ minLength: 1 }) }),
      fc.record({ status: fc.constantFrom("TASK_STATE_RUNNING", "working", 99) }),
      fc.record({ statusTimestampAfter: fc.constantFrom("today", "2026-13-45T00:00:00Z", 12) }),
      fc.record({ historyLength: fc.constantFrom(-1, 0.5, "all") }),
    );
    return wrong;
  }
  // Tasks and configs of these ids do not exist, and push is not supported.
  const id = fc.oneof(
    // A URL takes "." and ".." for steps, not for ids.
    fc.string({ minLength: 1 }).filter((text) => !/^\.{1,2}$/.test(text)),
    fc.uuid(),
    fc.constantFrom("../x", "a/b", "%00", "__proto__", "'", "\u0000"),
  );
  return fc.oneof(value, fc.record({ id, taskId: id, historyLength: fc.oneof(fc.integer(), value) }));
}

/** A send that is right but for one thing. */
export function createWrongSend(): fc.Arbitrary<JsonObject> {
  const part = (parts: Json): JsonObject => toSend("", { messageId: randomUUID(), parts });
  const wrongPart = fc.constantFrom<Json>(
    null,
    "text",
    1,
    [],
    {},
    { text: null },
    { text: 5 },
    { text: {} },
    { raw: "%" },
    { raw: 1 },
    { url: 1 },
    { url: [] },
    { text: "a", raw: "AA==" },
    { filename: "x" },
    { text: "a", mediaType: 5 },
    { text: "a", metadata: "m" },
    { text: "a", metadata: [] },
  );
  return fc.oneof(
    fc.array(wrongPart, { minLength: 1, maxLength: 3 }).map(part),
    wrongPart.map((wrong) => part([{ text: "right" }, wrong])),
    fc.constantFrom<Json>(null, "x", 5, {}, []).map(part),
    fc.constantFrom<Json>(null, 0, 3, "user", "ROLE_UNSPECIFIED", {}).map((role) => toSend("hi", { role })),
    fc.constantFrom<Json>(null, 5, "", {}, []).map((messageId) => toSend("hi", { messageId })),
    fc.constantFrom<Json>(5, {}, []).map((contextId) => toSend("hi", { contextId })),
    fc.constantFrom<Json>(5, "x", []).map((metadata) => toSend("hi", { metadata })),
    fc.constantFrom<Json>("x", 5, {}, [5]).map((referenceTaskIds) => toSend("hi", { referenceTaskIds })),
    fc.constantFrom<Json>("x", 5, []).map((configuration) => ({ ...toSend("hi"), configuration })),
    fc
      .constantFrom<JsonObject>(
        { historyLength: -1 },
        { historyLength: 2 ** 31 },
        { returnImmediately: "yes" },
        { acceptedOutputModes: "x" },
      )
      .map((configuration) => toSend("hi", {}, configuration)),
  );
}

export function createWrongLegacySend(): fc.Arbitrary<Json> {
  const message = { kind: "message", messageId: "m", role: "user", parts: [{ kind: "text", text: "hi" }] };
  const wrong = fc.constantFrom<JsonObject>(
    { parts: [] },
    { parts: [{}] },
    { parts: [{ kind: "text" }] },
    { parts: [{ kind: "film", text: "x" }] },
    { parts: [null] },
    { parts: [{ kind: "file", file: {} }] },
    { role: "admin" },
    { messageId: "" },
    { parts: "x" },
    { kind: "task" },
  );
  return wrong.map((change) => ({ message: { ...message, ...change } }));
}

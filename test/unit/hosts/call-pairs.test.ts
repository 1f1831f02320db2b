import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { expect, test } from "vitest";
import { createCallPairs } from "../../../src/hosts/functions/call-pairs.ts";
import type { RawCall } from "../../../src/hosts/functions/call-pairs.ts";

test("an invocation gets the request that names it, whichever comes first", async () => {
  const { pairs } = createPairs();
  const [early, late] = [createCall("early"), createCall("late")];
  pairs.arrived(early);
  const waiting = pairs.take("late");
  pairs.arrived(late);

  expect(await pairs.take("early")).toBe(early);
  expect(await waiting).toBe(late);
});

test("a request that no invocation has is refused, and an invocation without a request rejects", async () => {
  const { pairs, look, looks } = createPairs();
  const call = createCall("of nobody");
  pairs.arrived(call);
  const failed = pairs.take("without a request").catch(String);
  look();
  // Whoever came right before a look has only just come.
  expect(call.outgoing.writableEnded).toBe(false);
  look();

  expect(call.outgoing.statusCode).toBe(400);
  expect(call.outgoing.writableEnded).toBe(true);
  expect(await failed).toContain("No HTTP request");
  expect(looks()).toBe(0);
});

test("a second request under an id that waits is refused at once, and the first keeps it", async () => {
  const { pairs } = createPairs();
  const [first, second] = [createCall("one"), createCall("one")];
  pairs.arrived(first);
  pairs.arrived(second);

  expect(second.outgoing.statusCode).toBe(400);
  expect(await pairs.take("one")).toBe(first);
});

test("a request without an id is refused", () => {
  const { pairs } = createPairs();
  const call = createCall(undefined);
  pairs.arrived(call);
  expect(call.outgoing.statusCode).toBe(400);
});

test("a request whose client has left is forgotten", () => {
  const { pairs, look, looks } = createPairs();
  const call = createCall("gone");
  pairs.arrived(call);
  call.outgoing.emit("close");
  look();
  expect(looks()).toBe(0);
  expect(call.outgoing.writableEnded).toBe(false);
});

function createPairs() {
  let due: (() => void)[] = [];
  const pairs = createCallPairs((_ms, run) => void due.push(run));
  const look = (): void => {
    const now = due;
    due = [];
    now.forEach((run) => run());
  };
  return { pairs, look, looks: () => due.length };
}

function createCall(id: string | undefined): RawCall {
  const incoming = new IncomingMessage(new Socket());
  if (id !== undefined) incoming.headers["x-ms-invocation-id"] = id;
  return { incoming, outgoing: new ServerResponse(incoming) };
}

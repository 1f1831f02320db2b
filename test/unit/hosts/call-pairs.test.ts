import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { expect, test, vi } from "vitest";
import { createCallPairs } from "../../../src/hosts/functions/call-pairs.ts";
import type { RawCall } from "../../../src/hosts/functions/call-pairs.ts";

const [A, B, C] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()] as const;

test("an invocation gets the request that names it, whichever comes first", async () => {
  const { pairs } = createPairs();
  const [early, late] = [createCall(A), createCall(B)];
  pairs.arrived(early);
  const waiting = pairs.take(B);
  pairs.arrived(late);

  expect(await pairs.take(A)).toBe(early);
  expect(await waiting).toBe(late);
});

test("a request and an invocation that do not match are both refused at the second look", async () => {
  const { pairs, look, looks } = createPairs();
  const call = createCall(A);
  pairs.arrived(call);
  const failed = pairs.take(B).catch(String);
  look();
  // Both may have come right before a look.
  await Promise.resolve();
  expect(call.outgoing.writableEnded).toBe(false);
  look();

  await untilRefused(call);
  expect(await failed).toContain("No HTTP request");
  expect(looks()).toBe(0);
});

test("of several requests only as many are refused as there are invocations without one", async () => {
  const { pairs, look } = createPairs();
  const calls = [createCall(A), createCall(B)] as const;
  calls.forEach((call) => pairs.arrived(call));
  pairs.take(C).catch(() => {});
  look();
  look();

  await untilRefused(calls[0]);
  expect(await pairs.take(B)).toBe(calls[1]);
});

test.each([
  ["a request", (pairs: Pairs) => pairs.arrived(createCall(A))],
  ["an invocation", (pairs: Pairs) => void pairs.take(A).catch(() => {})],
])("%s without its counterpart waits for as long as the other side misses nothing, up to 5 s", async (_what, add) => {
  const { pairs, look, looks } = createPairs();
  add(pairs);
  for (let at = 1; at < 20; at += 1) look();
  expect(looks()).toBe(1);
  look();
  expect(looks()).toBe(0);
});

test("a second request under an id that waits is refused at once, and the first keeps it", async () => {
  const { pairs } = createPairs();
  const [first, second] = [createCall(A), createCall(A)];
  pairs.arrived(first);
  pairs.arrived(second);

  await untilRefused(second);
  expect(await pairs.take(A)).toBe(first);
});

test.each([undefined, "other", A.toUpperCase()])(
  "a request with the id %s, which no host gives, is refused",
  async (id) => {
    const { pairs, look, looks } = createPairs();
    const call = createCall(id);
    pairs.arrived(call);
    await untilRefused(call);

    const failed = pairs.take(B).catch(String);
    look();
    look();
    expect(await failed).toContain("No HTTP request");
    expect(looks()).toBe(0);
  },
);

test("a request whose client has left is forgotten", () => {
  const { pairs, look, looks } = createPairs();
  const call = createCall(A);
  pairs.arrived(call);
  call.outgoing.emit("close");
  look();
  expect(looks()).toBe(0);
  expect(call.outgoing.writableEnded).toBe(false);
});

type Pairs = ReturnType<typeof createCallPairs>;

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

/** Its body is refused once it has been read. */
function untilRefused({ outgoing }: RawCall): Promise<void> {
  return vi.waitFor(() => {
    expect(outgoing.statusCode).toBe(400);
    expect(outgoing.writableEnded).toBe(true);
    expect(outgoing.getHeader("content-length")).toBeGreaterThan(0);
  });
}

function createCall(id: string | undefined): RawCall {
  const incoming = new IncomingMessage(new Socket());
  if (id !== undefined) incoming.headers["x-ms-invocation-id"] = id;
  incoming.push(null);
  const outgoing = new ServerResponse(incoming);
  // As the worker's server does.
  outgoing.setHeader("date", "now");
  return { incoming, outgoing };
}

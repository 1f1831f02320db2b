import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { expect, test } from "vitest";
import { discardBody } from "../../../src/hosts/node/discard-body.ts";

test("a body is read to its end", async () => {
  const incoming = new IncomingMessage(new Socket());
  const discarded = discardBody(incoming, 1_000, 60_000);
  incoming.push("x".repeat(900));
  incoming.push(null);
  await discarded;
  expect(incoming.readableEnded).toBe(true);
});

test("no more of it is awaited than the bound", async () => {
  const incoming = new IncomingMessage(new Socket());
  const discarded = discardBody(incoming, 1_000, 60_000);
  incoming.push("x".repeat(900));
  incoming.push("x".repeat(900));
  await discarded;
  expect(incoming.readableEnded).toBe(false);
});

test("nor longer than the bound", async () => {
  const incoming = new IncomingMessage(new Socket());
  await discardBody(incoming, 1_000, 20);
  expect(incoming.readableEnded).toBe(false);
});

test("nor after the client has left, or when it was read already", async () => {
  const incoming = new IncomingMessage(new Socket());
  const discarded = discardBody(incoming, 1_000, 60_000);
  incoming.destroy();
  await discarded;
  await discardBody(incoming, 1_000, 60_000);
  expect(incoming.destroyed).toBe(true);
});

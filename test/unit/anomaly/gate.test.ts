import { expect, test } from "vitest";
import { createGate } from "../../../src/agents/anomaly/gate.ts";

const never = new AbortController().signal;
const settle = () => new Promise((resolve) => setImmediate(resolve));

test("lets so many in, and the next in order as one leaves", async () => {
  const gate = createGate(2);
  const order: string[] = [];
  const leave = await gate.enter(never);
  await gate.enter(never);
  const third = gate.enter(never).then(() => order.push("third"));
  const fourth = gate.enter(never).then(() => order.push("fourth"));
  await settle();
  expect(order).toEqual([]);
  leave();
  await third;
  expect(order).toEqual(["third"]);
  leave();
  await fourth;
});

test("one who gives up waiting takes no place", async () => {
  const gate = createGate(1);
  const leave = await gate.enter(never);
  const controller = new AbortController();
  const waiting = gate.enter(controller.signal);
  controller.abort(new Error("gone"));
  await expect(waiting).rejects.toThrow("gone");
  leave();
  await expect(gate.enter(never)).resolves.toBeTypeOf("function");
});

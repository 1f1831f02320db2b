import { expect, test } from "vitest";
import { createSweeping } from "../../../src/hosts/functions/sweeping.ts";

test("an instance that works sweeps at once, and then at most once per interval", async () => {
  const { sweeping, sweeps, at } = create();
  await sweeping.whenDue();
  await sweeping.whenDue();
  at(29_999);
  await sweeping.whenDue();
  expect(sweeps()).toBe(1);
  at(30_000);
  await sweeping.whenDue();
  expect(sweeps()).toBe(2);
});

test("an instance with the timer sweeps by the timer alone", async () => {
  const { sweeping, sweeps, at } = create();
  await sweeping.now();
  at(29_000);
  await sweeping.whenDue();
  await sweeping.now();
  at(58_000);
  await sweeping.whenDue();
  expect(sweeps()).toBe(2);
});

test("two sweeps do not run at once", async () => {
  const gate = Promise.withResolvers<void>();
  const { sweeping, sweeps, at } = create(() => gate.promise);
  const first = sweeping.whenDue();
  at(60_000);
  await sweeping.whenDue();
  const second = sweeping.now();
  gate.resolve();
  await Promise.all([first, second]);
  expect(sweeps()).toBe(1);
});

test("a sweep that fails is reported, to the timer as its failure", async () => {
  const { sweeping, failures } = create(() => Promise.reject(new Error("no store")));
  await sweeping.whenDue();
  expect(failures).toEqual(["Error: no store"]);
  await expect(sweeping.now()).rejects.toThrow("no store");
});

function create(sweep = (): Promise<void> => Promise.resolve()) {
  let time = 0;
  let sweeps = 0;
  const failures: string[] = [];
  const sweeping = createSweeping(
    () => {
      sweeps += 1;
      return sweep();
    },
    30_000,
    () => time,
    (error) => void failures.push(String(error)),
  );
  return { sweeping, failures, sweeps: () => sweeps, at: (now: number) => (time = now) };
}

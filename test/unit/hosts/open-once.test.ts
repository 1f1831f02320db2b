import { expect, test } from "vitest";
import { openOnce } from "../../../src/hosts/functions/open-once.ts";

test("all callers get what was opened once", async () => {
  let opened = 0;
  const get = openOnce(
    () => Promise.resolve((opened += 1)),
    100,
    () => 0,
  );
  expect(await Promise.all([get(), get()])).toEqual([1, 1]);
  expect(await get()).toBe(1);
});

test("a failure is the answer to all calls during the pause, and then it is tried again", async () => {
  let now = 0;
  let tries = 0;
  const open = (): Promise<string> =>
    (tries += 1) < 2 ? Promise.reject(new Error("not yet")) : Promise.resolve("open");
  const get = openOnce(open, 100, () => now);
  await expect(get()).rejects.toThrow("not yet");
  now = 99;
  await expect(get()).rejects.toThrow("not yet");
  expect(tries).toBe(1);
  now = 100;
  expect(await get()).toBe("open");
});

import { createHash, randomBytes } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import type { PayloadPage, Payloads } from "../../src/ports/payloads.ts";
import { freshTask } from "./fresh.ts";

/** What every payload store does. `store` is called once, before the first case. */
export function describePayloads(store: () => Payloads): void {
  describe("payloads", () => {
    let payloads: Payloads;
    beforeAll(() => {
      payloads = store();
    });

    test.each([1, 48 * 1024, 5 * 1024 * 1024 + 1, 20 * 1024 * 1024])("keeps payloads of %i bytes", async (length) => {
      const task = freshTask();
      const bytes = randomBytes(length);
      const claim = await payloads.put(task, bytes);

      expect(claim).toEqual({ sha256: createHash("sha256").update(bytes).digest("hex"), bytes: length });
      expect(bytes.equals(await payloads.get(task, claim))).toBe(true);
    });

    test("keeps a view's own bytes and nothing of the memory around it", async () => {
      const task = freshTask();
      const claim = await payloads.put(task, new Uint8Array(randomBytes(64)).subarray(8, 24));

      expect((await payloads.get(task, claim)).byteLength).toBe(16);
    });

    test("takes the same bytes again, also at the same time", async () => {
      const task = freshTask();
      const bytes = randomBytes(1_000);
      const claims = await Promise.all([1, 2, 3].map(() => payloads.put(task, bytes)));

      expect(await payloads.put(task, bytes)).toEqual(claims[0]);
      expect(bytes.equals(await payloads.get(task, claims[2] ?? { sha256: "", bytes: 0 }))).toBe(true);
    });

    test("deletes all payloads of a task, and none of another", async () => {
      const [one, other] = [freshTask(), freshTask()];
      const claims = await Promise.all([1, 2, 3].map((length) => payloads.put(one, randomBytes(length))));
      const kept = await payloads.put(other, randomBytes(5));
      await payloads.deleteAll(one);
      await payloads.deleteAll(one);

      for (const claim of claims) {
        await expect(payloads.get(one, claim)).rejects.toMatchObject({ fault: { code: "rejected" } });
      }
      expect((await payloads.get(other, kept)).byteLength).toBe(5);
    });

    test("lists what is stored and when", async () => {
      const task = freshTask();
      const before = Date.now();
      await payloads.put(task, randomBytes(8));
      const found: PayloadPage["payloads"][number][] = [];
      let after: string | undefined;
      do {
        const page = await payloads.list(after);
        found.push(...page.payloads);
        after = page.next;
      } while (after !== undefined);

      const own = found.filter((payload) => payload.task.taskId === task.taskId);
      expect(own.map((payload) => payload.task)).toEqual([task]);
      // The store tells whole seconds.
      expect(own[0]?.stored).toBeGreaterThan(before - 1_001);
    });

    test("rejects a payload that does not exist, or that belongs to another task", async () => {
      const claim = await payloads.put(freshTask(), randomBytes(10));
      const missing = { name: "StoreError", fault: { code: "rejected" } };

      await expect(payloads.get(freshTask(), claim)).rejects.toMatchObject(missing);
      await expect(payloads.get(freshTask(), { sha256: "0".repeat(64), bytes: 1 })).rejects.toMatchObject(missing);
    });
  });
}

import { createHash, randomBytes } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import type { Payloads } from "../../src/ports/payloads.ts";
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

    test("rejects a payload that does not exist, or that belongs to another task", async () => {
      const claim = await payloads.put(freshTask(), randomBytes(10));
      const missing = { name: "StoreError", fault: { code: "rejected" } };

      await expect(payloads.get(freshTask(), claim)).rejects.toMatchObject(missing);
      await expect(payloads.get(freshTask(), { sha256: "0".repeat(64), bytes: 1 })).rejects.toMatchObject(missing);
    });
  });
}

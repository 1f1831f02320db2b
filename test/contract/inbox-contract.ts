import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test, vi } from "vitest";
import type { Inbox } from "../../src/ports/inbox.ts";
import { freshTask } from "./fresh.ts";

/** What every inbox does. `store` is called once, before the first case. */
export function describeInbox(store: () => Inbox): void {
  describe("inbox", () => {
    let inbox: Inbox;
    beforeAll(() => {
      inbox = store();
    });

    test("gives a holder its own hints once, each task once", async () => {
      const [one, other] = [randomUUID(), randomUUID()];
      const [a, b, c] = [freshTask(), freshTask(), freshTask()];
      await inbox.put(one, a);
      await inbox.put(one, a);
      await inbox.put(one, b);
      await inbox.put(other, c);

      expect((await inbox.take(one)).toSorted(byId)).toEqual([a, b].toSorted(byId));
      expect(await inbox.take(one)).toEqual([]);
      expect(await inbox.take(other)).toEqual([c]);
      expect(await inbox.take(randomUUID())).toEqual([]);
    });

    test("clears hints that were not taken for a while, and nothing younger", async () => {
      const holder = randomUUID();
      const task = freshTask();
      await inbox.put(holder, task);
      await inbox.clear(60_000);
      expect(await inbox.take(holder)).toEqual([task]);

      await inbox.put(holder, task);
      const put = Date.now();
      await vi.waitUntil(() => Date.now() > put);
      await inbox.clear(0);
      expect(await inbox.take(holder)).toEqual([]);
    });
  });
}

function byId(one: { readonly taskId: string }, other: { readonly taskId: string }): number {
  return one.taskId < other.taskId ? -1 : 1;
}

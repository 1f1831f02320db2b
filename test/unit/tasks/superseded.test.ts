import { Role } from "@a2a-js/sdk";
import { expect, test } from "vitest";
import { StoreError } from "../../../src/ports/store-error.ts";
import { encodeHead, parseHead } from "../../../src/tasks/log/head.ts";
import { createFixture, LEASE } from "./engine-fixture.ts";

test.each([
  ["short", 1],
  ["of 1.2 MB, whose row is a payload", 30],
])(
  "a follow-up %s recognises its own commit although its answer was lost and another epoch began",
  async (_what, count) => {
    const { send, parts, engine, call } = createFixture((turn) => turn.ask("and?"));
    const { id } = await send("go");
    const { log, clock } = parts;
    const append = log.append.bind(log);
    let isLost = false;
    log.append = async (key, head, writes, etag) => {
      const committed = await append(key, head, writes, etag);
      if (isLost) {
        return committed;
      }
      isLost = true;
      // Another instance takes the turn before the head is read again.
      const { epoch, ...taken } = parseHead(head);
      const lease = { holder: "two", until: clock.now() + LEASE };
      await append(key, encodeHead({ ...taken, epoch: epoch + 1, nonce: "other", seq: 1, lease }), [], committed);
      throw new StoreError({ code: "unknown", operation: "append" });
    };
    const parts40 = Array.from({ length: count }, () => ({ text: "x".repeat(40 * 1024) }));
    const more = { taskId: id, parts: parts40, configuration: { returnImmediately: true } };
    const task = await send("", more);
    expect(isLost).toBe(true);
    expect(
      task.history.filter(({ parts: said }) => said.length === count && said[0]?.content?.$case === "text"),
    ).not.toEqual([]);
    const stored = await engine.get(call(), { id });
    expect(stored.history.filter(({ role }) => role === Role.ROLE_USER)).toHaveLength(2);
  },
);

import { expect, test } from "vitest";
import type { Probe } from "../../../src/ports/probe.ts";
import { createReadiness } from "../../../src/protocol/readiness.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const OK = { status: "ok" };

function probe(name: string, problem: string | undefined, isRequired = false): Probe {
  return { name, isRequired, check: async () => problem };
}

test("names every check, and is ready as long as what is required works", async () => {
  const clock = createManualClock(0);
  expect(await createReadiness(clock, [probe("tables", undefined, true), probe("queue", undefined)])()).toEqual({
    status: "ok",
    checks: { tables: OK, queue: OK },
  });
  expect(await createReadiness(clock, [probe("tables", undefined, true), probe("queue", "answered 503")])()).toEqual({
    status: "degraded",
    checks: { tables: OK, queue: { status: "failed", reason: "answered 503" } },
  });
  expect(await createReadiness(clock, [probe("tables", "ECONNREFUSED", true), probe("queue", undefined)])()).toEqual({
    status: "unavailable",
    checks: { tables: { status: "failed", reason: "ECONNREFUSED" }, queue: OK },
  });
});

test("answers within 2 s although a check does not, and tells the check to end", async () => {
  const clock = createManualClock(0);
  let given: AbortSignal | undefined;
  const hung: Probe = {
    name: "blobs",
    isRequired: false,
    check(signal) {
      given = signal;
      return new Promise(() => {});
    },
  };
  const asked = createReadiness(clock, [hung])();
  clock.advance(1_999);
  expect(await asked).toMatchObject({ checks: { blobs: { status: "failed", reason: "no answer within 1.5 s" } } });
  expect(given?.aborted).toBe(true);
});

test("shows no text of an error", async () => {
  const failing: Probe = { name: "queue", isRequired: false, check: () => Promise.reject(new Error("secret")) };
  expect(await createReadiness(createManualClock(0), [failing])()).toMatchObject({
    checks: { queue: { status: "failed", reason: "failed" } },
  });
});

test("asks once for all callers of a second", async () => {
  const clock = createManualClock(0);
  const answer = Promise.withResolvers<undefined>();
  let asked = 0;
  const counted: Probe = {
    name: "tables",
    isRequired: true,
    async check() {
      asked += 1;
      return answer.promise;
    },
  };
  const ready = createReadiness(clock, [counted]);
  const together = [ready(), ready()];
  clock.advance(1_200);
  together.push(ready());
  answer.resolve(undefined);
  await Promise.all(together);
  await ready();
  expect(asked).toBe(1);
  clock.advance(1_000);
  await ready();
  expect(asked).toBe(2);
});

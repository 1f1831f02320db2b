import { TaskState } from "@a2a-js/sdk";
import { describe, expect, test } from "vitest";
import { aloneFor, careOf, shouldReserve } from "../../../src/tasks/log/care.ts";
import type { Care } from "../../../src/tasks/log/care.ts";
import type { Head } from "../../../src/tasks/log/head.ts";
import { takeableAt } from "../../../src/tasks/log/lease.ts";
import { rules } from "../../../src/tasks/log/rules.ts";
import { canAdmit } from "../../../src/tasks/turn/admission.ts";
import type { Occupancy } from "../../../src/tasks/turn/admission.ts";
import { callerOf, LEASE, messageOf } from "./engine-fixture.ts";

const NOW = 1_800_000_000_000;
const task = { taskId: "t", agent: "test", major: 1, contextId: "c", caller: callerOf("a"), message: messageOf("go") };

/** A turn whose holder fell silent `waited` ms before it is looked at. */
function lost(attempts: number, waited = 0): Head {
  const by = { holder: "one", nonce: "n", now: NOW, lease: LEASE };
  const until = NOW - waited - LEASE / 6;
  return { ...rules.create({ ...task, held: true }, by).head, attempts, lease: { holder: "one", until } };
}

describe("the care that a turn needs", () => {
  test.each<[string, Head, Care]>([
    ["one that no instance has run yet is free", { ...lost(0), lease: undefined }, "free"],
    ["after one loss it runs where few others run", lost(0), "few"],
    ["after one loss it waits half a lease for such a place", lost(0, LEASE / 2 + 1), "free"],
    ["after two losses it runs alone", lost(1), "alone"],
    ["after two losses it waits six leases for an empty instance", lost(1, LEASE * 6), "alone"],
    ["then it runs like any other: no turn waits for ever", lost(1, LEASE * 6 + 1), "free"],
    [
      "a turn that was handed over keeps its losses and waits from then on",
      { ...lost(2), lease: undefined, released: NOW, statusTime: 0 },
      "alone",
    ],
  ])("%s", (_title, head, care) => {
    expect(takeableAt(head.lease ?? { until: NOW }, LEASE)).toBeLessThanOrEqual(NOW + LEASE);
    expect(careOf(head, NOW, LEASE)).toBe(care);
    expect(head.state).toBe(TaskState.TASK_STATE_WORKING);
  });

  test("an instance makes room for a turn for three leases at most, since it refuses callers meanwhile", () => {
    expect(shouldReserve(lost(1, LEASE * 3), NOW, LEASE)).toBe(true);
    expect(shouldReserve(lost(1, LEASE * 3 + 1), NOW, LEASE)).toBe(false);
  });

  test("a turn is alone for longer after each loss", () => {
    expect([2, 3, 4].map((losses) => aloneFor(losses, LEASE))).toEqual([LEASE, 2 * LEASE, 4 * LEASE]);
  });
});

describe("an instance", () => {
  const empty: Occupancy = { turns: 0, careful: 0, isAlone: false, reservedFor: undefined };
  test.each<[string, Partial<Occupancy>, Care, boolean]>([
    ["admits any turn while it has room", { turns: 99 }, "free", true],
    ["admits no turn beyond its limit", { turns: 100 }, "free", false],
    ["admits four turns that need few others", { turns: 3, careful: 3 }, "few", true],
    ["admits no fifth", { turns: 4, careful: 4 }, "few", false],
    ["admits none of them beside many others", { turns: 17 }, "few", false],
    ["admits a turn that runs alone if it is empty", {}, "alone", true],
    ["admits none that runs alone beside another", { turns: 1 }, "alone", false],
    ["admits nothing beside a turn that runs alone", { turns: 1, isAlone: true }, "free", false],
    ["admits nothing while it makes room for another turn", { reservedFor: "other" }, "free", false],
    ["admits the turn that it made room for", { reservedFor: "mine" }, "alone", true],
  ])("%s", (_title, occupied, care, admits) => {
    expect(canAdmit({ ...empty, ...occupied }, care, "mine", 100)).toBe(admits);
  });
});

import { TaskState } from "@a2a-js/sdk";
import { describe, expect, test } from "vitest";
import type { Head } from "../../../src/tasks/log/head.ts";
import { MAX_LOSSES, rules } from "../../../src/tasks/log/rules.ts";
import { statusUpdate } from "../../../src/tasks/log/status-update.ts";
import type { Change, Decision, Writer } from "../../../src/tasks/log/rules.ts";
import { callerOf, LEASE, messageOf } from "./engine-fixture.ts";

const S = TaskState;
const T0 = 1_800_000_000_000;
const GRACE = LEASE / 6;

function by(more: Partial<Writer> = {}): Writer {
  return { holder: "one", nonce: "n1", now: T0, lease: LEASE, ...more };
}

function created(held = true): Head {
  const task = {
    taskId: "t",
    agent: "test",
    major: 1,
    contextId: "c",
    caller: callerOf("a"),
    message: messageOf("go"),
  };
  return rules.create({ ...task, held }, by()).head;
}

function changed(decision: Decision): Change {
  if ("refused" in decision) {
    throw new Error(`refused: ${decision.refused.code}`);
  }
  return decision.change;
}

function status(state: TaskState): ReturnType<typeof statusUpdate> {
  return statusUpdate("t", "c", state, undefined);
}

function ended(state: TaskState, head = created()): Head {
  return changed(rules.append(head, [status(state)], by())).head;
}

function stateOf({ events }: Change): TaskState | undefined {
  const payload = events.at(-1)?.response.payload;
  return payload?.$case === "statusUpdate" ? payload.value.status?.state : undefined;
}

test("a task begins held and working, or waits for its turn", () => {
  expect(created(true)).toMatchObject({
    state: S.TASK_STATE_WORKING,
    generation: 1,
    turn: 1,
    epoch: 1,
    seq: 1,
    lease: { holder: "one", until: T0 + LEASE },
  });
  expect(created(false)).toMatchObject({ state: S.TASK_STATE_SUBMITTED, lease: undefined });
});

describe("a follow-up", () => {
  test.each([S.TASK_STATE_INPUT_REQUIRED, S.TASK_STATE_AUTH_REQUIRED])(
    "begins the next turn of a task in state %s",
    (state) => {
      const before = { ...ended(state), steps: 3, attempts: 2, checkpoint: true };
      const { head, events } = changed(rules.acceptMessage(before, "t", messageOf("more"), true, by({ nonce: "n2" })));
      expect(head).toMatchObject({
        turn: 2,
        turnStart: 3,
        generation: 3,
        steps: 0,
        attempts: 0,
        checkpoint: true,
        epoch: 2,
        seq: 1,
        nonce: "n2",
        state: S.TASK_STATE_WORKING,
      });
      expect(head.lease).toEqual({ holder: "one", until: T0 + LEASE });
      expect(events).toMatchObject([{ generation: 3, epoch: 2, nonce: "n2", message: { messageId: "m" } }]);
    },
  );

  test("leaves the turn to a queue message where it is not held", () => {
    const { head } = changed(
      rules.acceptMessage(ended(S.TASK_STATE_INPUT_REQUIRED), "t", messageOf("more"), false, by()),
    );
    expect(head).toMatchObject({ state: S.TASK_STATE_SUBMITTED, lease: undefined });
  });

  test.each([
    ["works", created()],
    ["waits for its turn", created(false)],
    ["waits, but is held", { ...ended(S.TASK_STATE_INPUT_REQUIRED), lease: { holder: "x", until: T0 + 1 } }],
    ["is being canceled", { ...ended(S.TASK_STATE_INPUT_REQUIRED), cancel: { by: "x", deadline: T0 } }],
    ...[S.TASK_STATE_COMPLETED, S.TASK_STATE_FAILED, S.TASK_STATE_CANCELED, S.TASK_STATE_REJECTED].map(
      (state): [string, Head] => [`ended as ${state}`, ended(state)],
    ),
  ])("is refused by a task that %s", (_what, head) => {
    expect(rules.acceptMessage(head, "t", messageOf("more"), true, by())).toMatchObject({
      refused: { code: "unsupported" },
    });
  });
});

describe("taking a turn", () => {
  const take = (head: Head, now: number, onCrash: "resume" | "fail" = "resume", turn = 1): Decision =>
    rules.take(head, "t", turn, onCrash, by({ holder: "two", nonce: "n2", now }));

  test("starts one that waits, which is no crash", () => {
    const change = changed(take(created(false), T0, "fail"));
    expect(change.head).toMatchObject({ epoch: 2, nonce: "n2", seq: 1, attempts: 0, lease: { holder: "two" } });
    expect(stateOf(change)).toBe(S.TASK_STATE_WORKING);
  });

  test("waits for the lease and a sixth of it", () => {
    const until = T0 + LEASE + GRACE;
    expect(take(created(), until - 1)).toEqual({ refused: { code: "held", until } });
    expect(changed(take(created(), until))).toMatchObject({
      events: [],
      head: { attempts: 1, epoch: 2, lease: { until: until + LEASE } },
    });
  });

  test("of a released turn needs no wait and is not counted as a crash", () => {
    const released = changed(rules.release(created(), by())).head;
    expect(released).toMatchObject({ lease: undefined, seq: 2 });
    expect(changed(take(released, T0, "fail")).head).toMatchObject({ attempts: 0, lease: { holder: "two" } });
  });

  const late = T0 + LEASE * 2;

  test("does not give up a turn that shared each instance that was lost, until there were ten", () => {
    for (let attempts = 0; attempts < MAX_LOSSES; attempts += 1) {
      const change = changed(take({ ...created(), attempts }, late));
      expect(stateOf(change)).toBe(attempts === MAX_LOSSES - 1 ? S.TASK_STATE_FAILED : undefined);
      expect(change.head.lease === undefined).toBe(attempts === MAX_LOSSES - 1);
    }
  });

  test("gives up at the third loss if the turn was alone then, and says what is known", () => {
    const alone = { ...created(), lease: { holder: "one", until: T0 + LEASE, aloneUntil: T0 + LEASE } };
    expect(stateOf(changed(take({ ...alone, attempts: 1 }, late)))).toBeUndefined();
    const { events } = changed(take({ ...alone, attempts: 2 }, late));
    expect(JSON.stringify(events)).toContain(
      "The gateway lost the instance that ran the agent 3 times; the last time it ran nothing else.",
    );
  });

  test("gives up at the first loss where a crash fails, without saying that the agent stopped", () => {
    const change = changed(take(created(), late, "fail"));
    expect(stateOf(change)).toBe(S.TASK_STATE_FAILED);
    expect(JSON.stringify(change.events)).toContain(
      "lost the instance that ran the agent, and this agent cannot be resumed",
    );
  });

  test("marks the third attempt as alone on an instance that runs nothing else, twice as long after each loss", () => {
    const takenBy = (isAlone: boolean, attempts: number): Head =>
      changed(rules.take({ ...created(), attempts }, "t", 1, "resume", by({ nonce: "n2", now: late, isAlone }))).head;
    expect(takenBy(true, 0).lease?.aloneUntil).toBeUndefined();
    expect(takenBy(false, 1).lease?.aloneUntil).toBeUndefined();
    expect(takenBy(true, 1).lease?.aloneUntil).toBe(late + LEASE);
    expect(takenBy(true, 3).lease?.aloneUntil).toBe(late + 4 * LEASE);
  });

  test("a turn is alone no longer when its time is over, or it has made progress", () => {
    const aloneUntil = T0 + LEASE;
    const alone = { ...created(), lease: { holder: "one", until: T0 + LEASE, aloneUntil } };
    const after = (now: number, recorded?: Parameters<typeof rules.append>[3]): number | undefined =>
      changed(rules.append(alone, [], by({ now }), recorded)).head.lease?.aloneUntil;
    expect(after(aloneUntil - 1)).toBe(aloneUntil);
    expect(after(aloneUntil)).toBeUndefined();
    expect(after(T0, { steps: 1, checkpoint: false })).toBeUndefined();
  });

  test("a turn that no instance could run ends, unless one has it", () => {
    const end = (head: Head, now: number): Decision => rules.endUnrun(head, "t", 1, "why", by({ nonce: "n2", now }));
    expect(end(created(), late - LEASE)).toEqual({ refused: { code: "idle" } });
    expect(end({ ...created(), turn: 2 }, late)).toEqual({ refused: { code: "idle" } });
    expect(end(ended(S.TASK_STATE_COMPLETED), late)).toEqual({ refused: { code: "idle" } });
    const change = changed(end(created(), late));
    expect(stateOf(change)).toBe(S.TASK_STATE_FAILED);
    expect(JSON.stringify(change.events)).toContain("why");
  });

  test("of a task that is being canceled ends it", () => {
    const flagged = { ...created(), cancel: { by: "x", deadline: T0 } };
    expect(stateOf(changed(take(flagged, T0 + LEASE * 2)))).toBe(S.TASK_STATE_CANCELED);
  });

  test.each([
    ["another turn", created(), 2],
    ["an ended task", ended(S.TASK_STATE_COMPLETED), 1],
    ["a task that waits for its caller", ended(S.TASK_STATE_INPUT_REQUIRED), 1],
    ["a task of a later layout", { ...created(), schema: 99 }, 1],
  ])("does nothing for %s", (_what, head, turn) => {
    expect(take(head, T0 + LEASE * 2, "resume", turn)).toEqual({ refused: { code: "idle" } });
  });
});

describe("the holder", () => {
  test("appends, renews its lease and increments seq", () => {
    const { head, events } = changed(
      rules.append(created(), [status(S.TASK_STATE_WORKING), status(S.TASK_STATE_WORKING)], by({ now: T0 + 5 })),
    );
    expect(events.map(({ generation }) => generation)).toEqual([2, 3]);
    expect(head).toMatchObject({ generation: 3, seq: 2, lease: { until: T0 + 5 + LEASE } });
    expect(changed(rules.append(head, [], by({ now: T0 + 9 })))).toMatchObject({
      events: [],
      head: { seq: 3, lease: { until: T0 + 9 + LEASE } },
    });
  });

  test("is fenced by another epoch, whatever it wants", () => {
    const other = by({ nonce: "n0" });
    for (const decision of [
      rules.append(created(), [], other),
      rules.append(created(), [], other),
      rules.release(created(), other),
    ]) {
      expect(decision).toEqual({ refused: { code: "fenced" } });
    }
  });

  test("clears earlier crashes with a step or a checkpoint, and with nothing else", () => {
    const crashed = { ...created(), attempts: 2 };
    expect(changed(rules.append(crashed, [], by())).head.attempts).toBe(2);
    expect(changed(rules.append(crashed, [], by(), { steps: 1, checkpoint: false })).head).toMatchObject({
      attempts: 0,
      steps: 1,
      checkpoint: false,
    });
    const saved = changed(rules.append(crashed, [], by(), { steps: 0, checkpoint: true })).head;
    expect(changed(rules.append(saved, [], by(), { steps: 1, checkpoint: false })).head.checkpoint).toBe(true);
  });

  test.each([
    S.TASK_STATE_COMPLETED,
    S.TASK_STATE_FAILED,
    S.TASK_STATE_REJECTED,
    S.TASK_STATE_INPUT_REQUIRED,
    S.TASK_STATE_AUTH_REQUIRED,
  ])("gives its lease back with the end of the turn (state %s)", (state) =>
    expect(ended(state)).toMatchObject({ state, lease: undefined }),
  );
});

test("status time grows with every status, however the clock stands", () => {
  const { head, events } = changed(
    rules.append(created(), [status(S.TASK_STATE_WORKING), status(S.TASK_STATE_WORKING)], by({ now: T0 - 60_000 })),
  );
  expect(head.statusTime).toBe(T0 + 2);
  const times = events.map(({ response: { payload } }) =>
    payload?.$case === "statusUpdate" ? payload.value.status?.timestamp : "",
  );
  expect(times).toEqual([new Date(T0 + 1).toISOString(), new Date(T0 + 2).toISOString()]);
});

describe("cancel", () => {
  test("ends a task without a holder", () => {
    for (const head of [created(false), ended(S.TASK_STATE_INPUT_REQUIRED)]) {
      const change = changed(rules.flagCancel(head, "t", by({ nonce: "n2" })));
      expect(stateOf(change)).toBe(S.TASK_STATE_CANCELED);
      expect(change.head).toMatchObject({ epoch: 2, nonce: "n2", lease: undefined });
    }
  });

  test("asks a holder first, and ends the task without it past the deadline", () => {
    const flagged = changed(rules.flagCancel(created(), "t", by({ nonce: "n2" })));
    expect(flagged).toMatchObject({
      events: [],
      head: { epoch: 1, nonce: "n1", seq: 1, cancel: { deadline: T0 + 1_750 } },
    });
    const again = (now: number): Decision => rules.flagCancel(flagged.head, "t", by({ nonce: "n3", now }));
    expect(again(T0 + 1_749)).toEqual({ refused: { code: "held", until: T0 + 1_750 } });
    expect(stateOf(changed(again(T0 + 1_750)))).toBe(S.TASK_STATE_CANCELED);
  });

  test("leaves a short lease a sixth of it", () => {
    expect(changed(rules.flagCancel(created(), "t", by({ lease: 600 }))).head.cancel).toEqual({
      by: "one",
      deadline: T0 + 100,
    });
  });

  test("does not wait for a holder that fell silent", () => {
    const at = (now: number): Change => changed(rules.flagCancel(created(), "t", by({ now })));
    expect(stateOf(at(T0 + LEASE + GRACE - 1))).toBeUndefined();
    expect(stateOf(at(T0 + LEASE + GRACE))).toBe(S.TASK_STATE_CANCELED);
  });

  test("is done for a canceled task and refused by one that ended otherwise", () => {
    expect(rules.flagCancel(ended(S.TASK_STATE_CANCELED), "t", by())).toEqual({ refused: { code: "idle" } });
    expect(rules.flagCancel(ended(S.TASK_STATE_FAILED), "t", by())).toEqual({
      refused: { code: "not-cancelable", taskId: "t", state: "TASK_STATE_FAILED" },
    });
    expect(rules.endCanceled(ended(S.TASK_STATE_FAILED), "t", by())).toEqual({ refused: { code: "idle" } });
  });
});

test("a task that waits for input fails after INPUT_TIMEOUT, and no other task does", () => {
  const waiting = ended(S.TASK_STATE_AUTH_REQUIRED);
  const at = (head: Head, now: number): Decision => rules.endAbandoned(head, "t", 1_000, by({ nonce: "n2", now }));
  expect(at(waiting, waiting.statusTime + 999)).toEqual({ refused: { code: "idle" } });
  const change = changed(at(waiting, waiting.statusTime + 1_000));
  expect(stateOf(change)).toBe(S.TASK_STATE_FAILED);
  expect(change.head.epoch).toBe(2);
  expect(at(created(), T0 * 2)).toEqual({ refused: { code: "idle" } });
  expect(at(ended(S.TASK_STATE_COMPLETED), T0 * 2)).toEqual({ refused: { code: "idle" } });
});

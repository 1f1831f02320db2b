import { TaskState } from "@a2a-js/sdk";
import { parseHead } from "../../src/tasks/log/head.ts";
import { readEvents } from "../../src/tasks/log/read-task.ts";
import { endsTurn } from "../../src/tasks/log/task-state.ts";
import type { Violation } from "./checker.ts";
import { WINDOW } from "./request-meter.ts";
import type { Endpoint } from "./fault-injection.ts";
import type { Transcript } from "./transcript.ts";
import { LEASE } from "./world.ts";
import type { World } from "./world.ts";

/** Agents that fail on purpose, run out of time, harm their host, or are no longer served. */
const OWN_FAULT: ReadonlySet<string> = new Set(["thrower", "stubborn", "lethal", "blocking", "retired"]);
const ABANDONED = "waited for an answer";
const EPOCH = 1_767_225_600_000;
/** Clocks of instances differ by up to this, in ms. */
const SKEW = 2_000;

/**
 * I18: a turn fails by its own fault only. A turn that was running on instances that were killed or stopped may be given up;
 * one that shared its instance with a turn that crashed it, or whose store was away, may not.
 */
export async function checkHarm(
  stores: Pick<World["stores"], "log" | "payloads">,
  crashes: World["crashes"],
  { scope, acknowledged }: Transcript,
  epoch = EPOCH,
): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const [taskId, { agent }] of acknowledged) {
    const key = { scope, taskId };
    const row = OWN_FAULT.has(agent) ? undefined : await stores.log.readHead(key);
    const last = row && (await readEvents(stores, key, 0, Infinity)).at(-1)?.response.payload;
    const status = last?.$case === "statusUpdate" ? last.value.status : undefined;
    if (status?.state !== TaskState.TASK_STATE_FAILED) {
      continue;
    }
    const content = status.message?.parts[0]?.content;
    const text = content?.$case === "text" ? content.value : "";
    const failed = Date.parse(status.timestamp ?? "") - epoch;
    const created = parseHead(row?.body ?? "").created - epoch;
    const excuses = agent === "brittle" ? CRASHES : OUTSIDE;
    const isExcused = crashes.some(({ cause, at }) => excuses.has(cause) && at > created - SKEW && at < failed + SKEW);
    if (!isExcused && !text.includes(ABANDONED)) {
      violations.push({ invariant: "I18", detail: `${taskId} (${agent}) failed at ${failed}: ${text}` });
    }
  }
  return violations;
}

const OUTSIDE: ReadonlySet<string> = new Set(["kill", "stop", "shutdown", "clock"]);
const CRASHES: ReadonlySet<string> = new Set([...OUTSIDE, "poison"]);

/**
 * I8 while the queue is away and everything else works: a turn whose lease ended three leases ago, or that was never taken,
 * has been found by the sweep.
 */
export async function checkWithoutQueue(world: World, { scope, acknowledged }: Transcript): Promise<Violation[]> {
  const { scheduler, stores, crashes } = world;
  const since = scheduler.now - 3 * LEASE - SKEW;
  const isDisturbed = crashes.some(({ at }) => at > since - LEASE) || world.faults.plan.stuck > 0;
  const violations: Violation[] = [];
  for (const [taskId, { agent }] of isDisturbed ? [] : acknowledged) {
    const row = await stores.log.readHead({ scope, taskId });
    const head = row && parseHead(row.body);
    const free = head?.lease?.until ?? head?.statusTime ?? Infinity;
    if (head && !endsTurn(head.state) && free - EPOCH < since && isServed(world, agent)) {
      violations.push({ invariant: "I8", detail: `without the queue, ${taskId} (${agent}) was not taken over` });
    }
  }
  return violations;
}

/** Whether every instance serves the agent: otherwise a turn may wait for one that does. */
export function isServed(world: World, agent: string): boolean {
  return world.alive().every((instance) => instance.agent(agent) !== undefined);
}

/** I19: three leases after the last fault, the sweep of every instance has run since. */
export function checkLoops(world: World): Violation[] {
  const { faults, scheduler } = world;
  return world
    .alive()
    .map(({ process }) => ({ name: process.name, last: faults.meter.lastAnswer(process, "listDue") }))
    .filter(({ last }) => last < scheduler.now - 3 * LEASE)
    .map(({ name, last }) => ({
      invariant: "I19",
      detail: `the sweep of ${name} last read its list at ${Math.round(last)}, now is ${Math.round(scheduler.now)}`,
    }));
}

/**
 * Most requests for one task within ten seconds. A message that cannot be sent is tried about ten times; watchers and sweeps
 * must not add to that.
 */
const MOST: Readonly<Record<Endpoint, number>> = { table: 500, queue: 11, blob: 200 };

/** I20: no task causes a storm of requests or messages. */
export function checkRequests({ faults }: World): Violation[] {
  return faults.meter.peaks
    .filter(({ endpoint, requests }) => requests > MOST[endpoint])
    .map(({ taskId, endpoint, requests, at }) => ({
      invariant: "I20",
      detail: `${taskId} caused ${requests} requests to the ${endpoint} in the ${WINDOW / 1_000} s from ${at}`,
    }));
}

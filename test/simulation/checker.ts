import { StreamResponse, Task, TaskState } from "@a2a-js/sdk";
import { fold } from "../../src/tasks/log/fold.ts";
import { ALONE_AFTER, lossesOf } from "../../src/tasks/log/care.ts";
import { parseHead } from "../../src/tasks/log/head.ts";
import { decodeEvent } from "../../src/tasks/log/rows.ts";
import type { LogEvent } from "../../src/tasks/log/rows.ts";
import { endsTurn, isTerminal } from "../../src/tasks/log/task-state.ts";
import { isServed } from "./fault-checker.ts";
import { toWalkResult } from "./sim-agents.ts";
import type { Transcript } from "./transcript.ts";
import type { World } from "./world.ts";

/** A broken invariant (docs/simulation.md), and where. */
export interface Violation {
  readonly invariant: string;
  readonly detail: string;
}

type Stored = Pick<World["stores"], "log" | "payloads">;

/** Checks the final log and everything that clients received against the invariants. The world has come to rest. */
export async function check(stores: Stored, transcript: Transcript, reported: readonly string[]): Promise<Violation[]> {
  const violations: Violation[] = transcript.surprises.map((detail) => {
    return { invariant: detail.startsWith("I10") ? "I10" : "answers", detail };
  });
  const found = (invariant: string, detail: string): void => void violations.push({ invariant, detail });
  for (const detail of reported) {
    found("I13", detail);
  }
  const logs = new Map<string, LogEvent[]>();
  for (const [taskId, { agent }] of transcript.acknowledged) {
    const events = await checkLog(stores, transcript.scope, taskId, agent, found);
    if (events) {
      logs.set(taskId, events);
      checkWalkResult(taskId, agent, events, found);
    }
  }
  for (const { taskId, events } of transcript.streams) {
    checkStream(taskId, events, logs.get(taskId) ?? [], transcript.streamsHistory, found);
  }
  for (const { taskId, task, seenBefore } of transcript.reads) {
    checkRead(taskId, task, seenBefore, logs.get(taskId) ?? [], found);
  }
  for (const { taskId } of transcript.cancels) {
    const last = logs.get(taskId)?.at(-1);
    if (last && stateOf(last.response) !== TaskState.TASK_STATE_CANCELED) {
      found("I14", `${taskId} was reported canceled, but its last event is ${describe(last.response)}`);
    }
  }
  checkKeys(transcript, logs, found);
  checkWalks(transcript, logs, found);
  return violations;
}

/** I15 at this moment: every acknowledged task is in the open or the done list. */
export async function checkIndex(world: World, transcript: Transcript): Promise<Violation[]> {
  const violations: Violation[] = [];
  const agents = new Set([...transcript.acknowledged.values()].map(({ agent }) => agent));
  for (const agent of agents) {
    const [open, done] = await Promise.all([
      world.stores.index.listOpen(transcript.scope, agent),
      world.stores.index.listDone(transcript.scope, agent, {}, undefined, Infinity),
    ]);
    const known = new Set([...open, ...done].map(({ taskId }) => taskId));
    for (const [taskId, task] of transcript.acknowledged) {
      if (task.agent === agent && !known.has(taskId)) {
        violations.push({
          invariant: "I15",
          detail: `${taskId} is in neither list at ${Math.round(world.scheduler.now)}`,
        });
      }
    }
  }
  return violations;
}

type Found = (invariant: string, detail: string) => void;

async function checkLog(
  { log, payloads }: Stored,
  scope: string,
  taskId: string,
  agent: string,
  found: Found,
): Promise<LogEvent[] | undefined> {
  const key = { scope, taskId };
  const row = await log.readHead(key);
  if (!row) {
    found("I3", `${taskId} (${agent}) was acknowledged and does not exist`);
    return undefined;
  }
  const head = parseHead(row.body);
  const rows = await log.readRange(key, "e-", "e-~");
  const events = await Promise.all(rows.map((one) => decodeEvent(payloads, key, one)));
  events.forEach((event, at) => {
    if (event.generation !== at + 1) {
      found("I1", `${taskId}: event ${at + 1} has generation ${event.generation}`);
    }
    if (event.epoch < (events[at - 1]?.epoch ?? 0)) {
      found("I5", `${taskId}: the epoch decreases to ${event.epoch} at generation ${event.generation}`);
    }
    if (isTerminal(stateOf(event.response)) && at !== events.length - 1) {
      found("I2", `${taskId}: ${describe(event.response)} is event ${event.generation} of ${events.length}`);
    }
  });
  if (head.generation !== events.length) {
    found("I1", `${taskId}: the head has generation ${head.generation}, the log ${events.length} events`);
  }
  if (!endsTurn(head.state)) {
    found("I3", `${taskId} (${agent}) stays ${TaskState[head.state]}: ${JSON.stringify(head.lease)} turn ${head.turn}`);
  }
  return events;
}

/** I13: after any crash, the output of every step is in the artifact once and in order. */
function checkWalkResult(taskId: string, agent: string, events: readonly LogEvent[], found: Found): void {
  const task = foldUpTo(events, events.length);
  const question = task?.history[0];
  if (!agent.startsWith("stepper") || !question || task.status?.state !== TaskState.TASK_STATE_COMPLETED) {
    return;
  }
  const text = (id: string): string =>
    task.artifacts
      .find(({ artifactId }) => artifactId === id)
      ?.parts.map(({ content }) => content?.value)
      .join("") ?? "";
  if (text("out") !== toWalkResult(question) || text("before") !== "begun") {
    found("I13", `${taskId}: its steps produced ${text("out")}, expected ${toWalkResult(question)}`);
  }
}

function checkStream(
  taskId: string,
  seen: readonly { generation: number; response: StreamResponse }[],
  log: readonly LogEvent[],
  withHistory: boolean,
  found: Found,
): void {
  let cursor: number | undefined;
  for (const { generation, response } of seen) {
    if (response.payload?.$case === "task") {
      const folded = foldUpTo(log, generation);
      if (!isSame(response.payload.value, withHistory || !folded ? folded : { ...folded, history: [] })) {
        found("I4", `${taskId}: the snapshot at ${generation} is not the fold of the log`);
      }
    } else if (cursor !== undefined && generation !== cursor + 1) {
      found("I4", `${taskId}: event ${generation} follows event ${cursor}`);
    } else if (JSON.stringify(StreamResponse.toJSON(response)) !== JSON.stringify(toJson(log[generation - 1]))) {
      found("I4", `${taskId}: event ${generation} differs from the log`);
    }
    cursor = generation;
  }
}

/** I11 and I12: every read returned the fold at some generation, never an older one than an earlier read. */
function checkRead(taskId: string, task: Task, seenBefore: number, log: readonly LogEvent[], found: Found): void {
  for (let generation = log.length; generation >= 1; generation -= 1) {
    if (isSame(task, foldUpTo(log, generation))) {
      if (generation < seenBefore) {
        found("I11", `${taskId}: a read returned generation ${generation} after ${seenBefore} had been read`);
      }
      return;
    }
  }
  found("I12", `${taskId}: a read returned a Task that is not a fold of the log: ${JSON.stringify(Task.toJSON(task))}`);
}

/** I6: every send with a key got the same task, and the task has its message once. */
function checkKeys({ keys }: Transcript, logs: Map<string, LogEvent[]>, found: Found): void {
  const tasks = new Map<string, string>();
  for (const { key, agent, taskId, text } of keys) {
    const name = `${agent} ${key}`;
    const first = tasks.get(name) ?? taskId;
    tasks.set(name, first);
    if (first !== taskId) {
      found("I6", `${name} has two tasks: ${first} and ${taskId}`);
    }
    const log = logs.get(taskId) ?? [];
    const heard = log.filter(({ response, message }) => {
      const said = message ?? (response.payload?.$case === "task" ? response.payload.value.history[0] : undefined);
      return said?.parts[0]?.content?.value === text;
    });
    if (heard.length !== 1) {
      found("I6", `${taskId} has the message of ${name} ${heard.length} times`);
    }
  }
}

/** I8: some time after the last fault every turn that has not ended is running. */
export async function checkResumed(world: World, transcript: Transcript): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const [taskId, { agent }] of transcript.acknowledged) {
    const row = await world.stores.log.readHead({ scope: transcript.scope, taskId });
    const head = row && parseHead(row.body);
    // A turn that two instances were lost with waits for one of its own (decision 0015).
    if (!isServed(world, agent) || (head && lossesOf(head) >= ALONE_AFTER)) {
      continue;
    }
    if (head && !endsTurn(head.state) && !head.lease) {
      violations.push({ invariant: "I8", detail: `${taskId} (${agent}) has no holder` });
    }
    if (head?.lease && head.lease.until < EPOCH + world.scheduler.now - SKEW) {
      violations.push({
        invariant: "I8",
        detail: `${taskId} (${agent}) is still held by ${head.lease.holder}`,
      });
    }
  }
  return violations;
}

/** I16: long after the end of all tasks, nothing is stored. */
export async function checkOblivion({ stores }: World, transcript: Transcript): Promise<Violation[]> {
  const agents = new Set([...transcript.acknowledged.values()].map(({ agent }) => agent));
  const [tasks, payloads, ended, ...open] = await Promise.all([
    stores.log.listTasks(undefined).then((page) => page.tasks),
    stores.payloads.list(undefined).then((page) => page.payloads.map(({ task }) => task)),
    stores.index.listEnded(Infinity, undefined).then((page) => page.rows),
    ...[...agents].map((agent) => stores.index.listOpen(transcript.scope, agent)),
  ]);
  const left = { tasks, payloads, ended, open: open.flat() };
  return Object.entries(left).flatMap(([what, keys]) =>
    keys.map(({ taskId }) => ({ invariant: "I16", detail: `${what}: ${taskId} is still stored` })),
  );
}

/** I9 for tasks at rest: a walk shows every task that is unchanged since it began, none twice, newest first. */
function checkWalks({ walks, acknowledged }: Transcript, logs: Map<string, LogEvent[]>, found: Found): void {
  for (const { agent, began, tasks } of walks) {
    const ids = tasks.map(({ id }) => id);
    if (new Set(ids).size !== ids.length) {
      found("I9", `a walk over ${agent} shows a task twice: ${ids.join(" ")}`);
    }
    for (const [taskId, known] of acknowledged) {
      const log = logs.get(taskId);
      if (known.agent === agent && known.at < began && log && changedBefore(log, began) && !ids.includes(taskId)) {
        found("I9", `a walk over ${agent} at ${Math.round(began)} misses ${taskId}`);
      }
    }
    const unchanged = tasks
      .filter(({ id }) => changedBefore(logs.get(id) ?? [], began))
      .map(({ status }) => Date.parse(status?.timestamp ?? ""));
    if (unchanged.some((time, at) => time > (unchanged[at - 1] ?? Infinity))) {
      found("I9", `a walk over ${agent} is not newest first`);
    }
  }
}

const EPOCH = 1_767_225_600_000;
/** Clocks of instances differ by up to a lease. */
const SKEW = 2_000;

function changedBefore(log: readonly LogEvent[], time: number): boolean {
  const last = log.findLast(({ response }) => response.payload?.$case !== "artifactUpdate");
  return last !== undefined && timeOf(last.response) - EPOCH < time - SKEW;
}

function timeOf({ payload }: StreamResponse): number {
  const status = payload?.$case === "task" || payload?.$case === "statusUpdate" ? payload.value.status : undefined;
  return Date.parse(status?.timestamp ?? "");
}

function foldUpTo(log: readonly LogEvent[], generation: number): Task | undefined {
  let task: Task | undefined;
  for (const { response, message } of log.slice(0, generation)) {
    task = task
      ? fold(task, response, message)
      : response.payload?.$case === "task"
        ? response.payload.value
        : undefined;
  }
  return task;
}

function isSame(task: Task, other: Task | undefined): boolean {
  return other !== undefined && JSON.stringify(Task.toJSON(task)) === JSON.stringify(Task.toJSON(other));
}

function toJson(event: LogEvent | undefined): unknown {
  return event && StreamResponse.toJSON(event.response);
}

function stateOf({ payload }: StreamResponse): TaskState {
  return payload?.$case === "statusUpdate" ? (payload.value.status?.state ?? 0) : 0;
}

function describe(response: StreamResponse): string {
  return JSON.stringify(StreamResponse.toJSON(response));
}

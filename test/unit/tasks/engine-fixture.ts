import { Message, Role, SendMessageRequest } from "@a2a-js/sdk";
import type { Task } from "@a2a-js/sdk";
import { createMemoryInbox } from "../../../src/adapters/memory/inbox.ts";
import { createMemoryPayloads } from "../../../src/adapters/memory/payloads.ts";
import { createMemoryTaskIndex } from "../../../src/adapters/memory/task-index.ts";
import { createMemoryTaskLog } from "../../../src/adapters/memory/task-log.ts";
import { defineAgent } from "../../../src/agents/define-agent.ts";
import type { AgentDefinition } from "../../../src/agents/define-agent.ts";
import { createRegistry } from "../../../src/agents/registry.ts";
import type { Agent } from "../../../src/ports/agent.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import type { WorkMessage } from "../../../src/ports/work-queue.ts";
import { createEngine } from "../../../src/tasks/engine.ts";
import type { DurableEngine } from "../../../src/tasks/engine.ts";
import type { EngineParts } from "../../../src/tasks/engine-parts.ts";
import { rules } from "../../../src/tasks/log/rules.ts";
import type { Call, LoggedResponse } from "../../../src/tasks/task-engine.ts";
import { createStateKeys } from "../../../src/ports/state-keys.ts";
import { createPlainEngine } from "../../support/plain-engine.ts";
import type { Plain } from "../../support/plain-engine.ts";

export const LEASE = 30_000;

/** Time that stands still until it is moved. */
interface FakeClock extends Clock {
  /** Fires what becomes due, in order, and lets what it starts settle. */
  advance(ms: number): Promise<void>;
  /** The process stands still: time passes, and nothing fires before what it does next. */
  freeze(ms: number): void;
}

function createFakeClock(start = 1_800_000_000_000): FakeClock {
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  let elapsed = 0;
  return {
    now: () => start + elapsed,
    monotonic: () => elapsed,
    after(ms, run) {
      const timer = { at: elapsed + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    freeze(ms) {
      elapsed += ms;
    },
    async advance(ms) {
      const until = elapsed + ms;
      await settle();
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= until).toSorted((one, other) => one.at - other.at);
        if (!next) {
          break;
        }
        timers.delete(next);
        elapsed = Math.max(elapsed, next.at);
        next.run();
        await settle();
      }
      elapsed = until;
    },
  };
}

/** Lets everything run that waits for no timer. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 4; round += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

interface LogLine {
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Fixture {
  readonly engine: Plain<DurableEngine>;
  /** The same with its own interface, for tests of what is accepted when. */
  readonly durable: DurableEngine;
  readonly parts: EngineParts;
  readonly clock: FakeClock;
  readonly lines: LogLine[];
  /** Work messages that nobody has handled yet. */
  readonly queued: WorkMessage[];
  readonly agent: Agent;
  readonly call: (more?: Partial<Call>) => Call;
  readonly send: (text: string, more?: object, call?: Call) => Promise<Task>;
  /** Hands every queued message to `engine`, as its host would. */
  readonly work: (engine?: Pick<DurableEngine, "work">) => Promise<void>;
  /** Another instance with the same stores, queue and clock. */
  readonly another: (more?: Partial<EngineParts>) => Plain<DurableEngine>;
  /** The log from its first event, as a replay gives it; of an ended task. */
  readonly replay: (taskId: string) => Promise<LoggedResponse[]>;
}

export function createFixture(
  run: Agent["run"],
  definition: Partial<AgentDefinition> = {},
  settings: Partial<EngineParts["settings"]> = {},
  more: Partial<EngineParts> = {},
): Fixture {
  const clock = createFakeClock();
  const lines: LogLine[] = [];
  const queued: WorkMessage[] = [];
  const record = (event: string, fields = {}): void => void lines.push({ event, fields });
  const agent = defineTestAgent(run, definition);
  let ids = 0;
  const parts: EngineParts = {
    instance: "one",
    log: createMemoryTaskLog(),
    index: createMemoryTaskIndex(),
    inbox: createMemoryInbox(() => clock.now()),
    payloads: createMemoryPayloads(() => clock.now()),
    queue: { send: async (message) => void queued.push(message) },
    outbox: {
      committed() {},
      remind: async () => undefined,
      toRow: () => Promise.reject(new Error("no push notifications here")),
    },
    clock,
    random: { id: () => `id-${(ids += 1)}`, fraction: () => 0.5 },
    logger: { info: record, warn: record, error: record },
    registry: createRegistry([agent, defineTestAgent(run, { id: "other" })]),
    settings: {
      lease: LEASE,
      turnTimeout: 600_000,
      inputTimeout: 3_600_000,
      retention: 7 * 86_400_000,
      tailReadsPerSecond: 200,
      maxEventsPerTask: 10_000,
      maxEventBytes: 1024 * 1024,
      maxTurns: 100,
      ownsProcess: false,
      ...settings,
    },
    stateKeys: createStateKeys([new Uint8Array(32).fill(7)]),
    rules,
    ...more,
  };
  const durable = createEngine(parts);
  const engine = createPlainEngine(durable);
  const call = (given: Partial<Call> = {}): Call => ({
    agent,
    caller: callerOf("a"),
    signal: new AbortController().signal,
    ...given,
  });
  return {
    engine,
    durable,
    parts,
    clock,
    lines,
    queued,
    agent,
    call,
    async send(text, given = {}, by = call()) {
      const answer = await engine.send(by, request(text, given));
      if ("messageId" in answer) {
        throw new Error("the agent answered with a message");
      }
      return answer;
    },
    async work(by: Pick<DurableEngine, "work"> = engine) {
      await Promise.all(queued.splice(0).flatMap((message) => (message.kind === "turn" ? by.work(message) : [])));
    },
    another: (given = {}) => createPlainEngine(createEngine({ ...parts, instance: "two", ...given })),
    async replay(taskId) {
      const events = collect(engine.subscribe(call({ lastEventId: 0 }), { id: taskId }));
      await clock.advance(100);
      return events;
    },
  };
}

export function defineTestAgent(run: Agent["run"], definition: Partial<AgentDefinition> = {}): Agent {
  const skills = [{ id: "test", name: "Test", description: "Tests", tags: [] }];
  const card = { name: "Test", description: "Tests", skills };
  return defineAgent({ id: "test", version: "1.0.0", card, run, ...definition });
}

export function callerOf(letter: string): Call["caller"] {
  return { scope: letter.repeat(32), tenant: "", subject: letter, roles: [] };
}

/** A request in ProtoJSON: `more` takes `configuration` and fields of the message beside its text. */
export function request(
  text: string,
  { configuration, ...message }: { configuration?: object } = {},
): SendMessageRequest {
  return SendMessageRequest.fromJSON({ message: { ...messageJson(text), ...message }, configuration });
}

export function messageOf(text: string): Message {
  return Message.fromJSON(messageJson(text));
}

function messageJson(text: string): object {
  return { messageId: "m", role: "ROLE_USER", parts: [{ text }] };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) {
    all.push(item);
  }
  return all;
}

/** What the task's last status says. */
export function saidBy(task: Task): string | undefined {
  const message = task.status?.message;
  const content = message?.role === Role.ROLE_AGENT ? message.parts[0]?.content : undefined;
  return content?.$case === "text" ? content.value : undefined;
}

/** Rejections that nobody handled while `during` ran. */
export async function unhandledDuring(during: () => Promise<unknown>): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", note);
  try {
    await during();
    await settle();
  } finally {
    process.off("unhandledRejection", note);
    for (const other of others) {
      process.on("unhandledRejection", other);
    }
  }
  return unhandled;
}

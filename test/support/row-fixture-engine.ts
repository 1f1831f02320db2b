import { setTimeout as wait } from "node:timers/promises";
import { SendMessageRequest } from "@a2a-js/sdk";
import { createMemoryInbox } from "../../src/adapters/memory/inbox.ts";
import { createSystemClock, createSystemRandom } from "../../src/adapters/system/clock.ts";
import { defineAgent } from "../../src/agents/define-agent.ts";
import { createRegistry } from "../../src/agents/registry.ts";
import type { Content, Json, Turn } from "../../src/ports/agent.ts";
import type { WorkMessage } from "../../src/ports/work-queue.ts";
import { createEngine } from "../../src/tasks/engine.ts";
import type { EngineParts } from "../../src/tasks/engine-parts.ts";
import { rules } from "../../src/tasks/log/rules.ts";
import type { Call } from "../../src/tasks/task-engine.ts";
import { createStateKeys } from "../../src/ports/state-keys.ts";
import { createPlainEngine } from "./plain-engine.ts";

export type Stores = Pick<EngineParts, "log" | "index" | "payloads">;

/** When the fixtures' tasks were written, in ms since the epoch. */
export const WRITTEN_AT = Date.UTC(2026, 0, 1);

/** 49 KiB and 49.5 KiB: content that is stored as payloads. */
const LARGE = "0123456789abcdef".repeat(49 * 64);
const LARGE_FILE = Buffer.from("fedcba9876543210".repeat(49.5 * 64));

const scope = "0123456789abcdef0123456789abcdef";

/**
 * An engine with the agent that writes and continues the tasks of the fixtures. `start` is the initial time of its
 * clock.
 */
export function createFixtureEngine(stores: Stores, start: number) {
  const queued: WorkMessage[] = [];
  /** Names of the steps whose function was called. */
  const steps: string[] = [];
  const clock = createSystemClock();
  const agent = defineAgent({
    id: "fixture",
    version: "1.0.0",
    card: {
      name: "Fixture",
      description: "Does what it is told.",
      skills: [{ id: "fixture", name: "Fixture", description: "Does it.", tags: [] }],
    },
    run: (turn) => run(turn, steps, start === WRITTEN_AT),
  });
  const durable = createEngine({
    ...stores,
    instance: `instance-${start}`,
    inbox: createMemoryInbox(),
    queue: { send: async (message) => void queued.push(message) },
    outbox: {
      committed() {},
      remind: () => Promise.resolve(undefined),
      toRow: () => Promise.reject(new Error("the fixtures have no push notifications")),
    },
    clock: { ...clock, now: () => start + Math.round(clock.monotonic() - begun) },
    random: createSystemRandom(),
    logger: { info() {}, warn() {}, error() {} },
    registry: createRegistry([agent]),
    settings: {
      lease: 30_000,
      turnTimeout: 600_000,
      inputTimeout: 30 * 86_400_000,
      retention: 30 * 86_400_000,
      tailReadsPerSecond: 200,
      maxEventsPerTask: 10_000,
      maxEventBytes: 1024 * 1024,
      maxTurns: 10,
      ownsProcess: false,
    },
    stateKeys: createStateKeys([new Uint8Array(32)]),
    rules,
  });
  const call = (more: Partial<Call> = {}): Call => ({
    agent,
    caller: { scope, tenant: "", subject: "fixture", roles: ["reader"] },
    signal: new AbortController().signal,
    ...more,
  });
  return { engine: createPlainEngine(durable), queued, steps, call };
}

const begun = performance.now();

/** The message with the agent's instructions. */
export function toCommand(text: string, more: object = {}): SendMessageRequest {
  const file = { raw: LARGE_FILE.toString("base64"), mediaType: "text/plain", filename: "large.txt" };
  const parts = text === "complete" ? [{ text }, file] : [{ text }];
  return SendMessageRequest.fromJSON({
    message: { messageId: `m-${text}`, role: "ROLE_USER", metadata: { by: "fixture" }, parts, ...more },
  });
}

async function run(turn: Turn, steps: string[], isWriting: boolean): Promise<void> {
  const [first = turn.message] = turn.history;
  switch (first.parts[0]?.content?.value) {
    case "complete": {
      await turn.working("half");
      const text = turn.artifact("text", { name: "A text", metadata: { kind: "text" } });
      await text.append("one ");
      await text.close([LARGE]);
      await turn.artifact("data").close([{ data: null }, { data: { rows: [1, "zwei", null] } }] satisfies Content);
      return turn.complete("done");
    }
    case "ask":
      if (turn.history.length > 0) return turn.complete(`${JSON.stringify(turn.saved)} and ${textOf(turn)}`);
      await turn.checkpoint({ asked: 1 });
      return turn.ask("Which?");
    case "steps": {
      const step = (name: string, value: Json): Promise<Json> =>
        turn.step(name, async () => {
          steps.push(name);
          await turn.artifact(name).close(name);
          return value;
        });
      const one = await step("one", { at: 1 });
      if (isWriting) await wait(3_600_000, undefined, { ref: false });
      const two = await step("two", [2]);
      return turn.complete(JSON.stringify([one, two]));
    }
    default:
      await turn.working("waiting");
      await wait(3_600_000, undefined, { signal: turn.signal, ref: false });
  }
}

function textOf({ message }: Turn): string {
  return message.parts.map(({ content }) => content?.value).join("");
}

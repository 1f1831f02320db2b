import { Role } from "@a2a-js/sdk";
import type { SendMessageRequest } from "@a2a-js/sdk";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createSystemClock, createSystemRandom } from "../../src/adapters/system/clock.ts";
import { openStorageAccount } from "../../src/adapters/storage-account/storage-account.ts";
import { defineAgent } from "../../src/agents/define-agent.ts";
import { createRegistry } from "../../src/agents/registry.ts";
import { startAzurite } from "../../src/hosts/node/azurite.ts";
import type { Azurite } from "../../src/hosts/node/azurite.ts";
import type { Agent, Turn } from "../../src/ports/agent.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { TurnMessage, WorkMessage } from "../../src/ports/work-queue.ts";
import { createEngine } from "../../src/tasks/engine.ts";
import type { DurableEngine } from "../../src/tasks/engine.ts";
import { rules } from "../../src/tasks/log/rules.ts";
import { createStateKeys } from "../../src/ports/state-keys.ts";
import { createPlainEngine } from "../support/plain-engine.ts";
import type { Plain } from "../support/plain-engine.ts";

/** What a task may cost in table requests (docs/architecture.md#what-a-task-costs), counted as the SDK sends them. */
const card = { name: "n", description: "d", skills: [{ id: "s", name: "s", description: "s", tags: [] }] };
const clock = createSystemClock();
let azurite: Azurite;
let engine: Plain<DurableEngine>;
let requests: string[] = [];
const queued: WorkMessage[] = [];
let release = Promise.withResolvers<void>();

const agents: Record<string, Agent> = {
  safe: agent("safe", answer, { rerun: "safe" }),
  created: agent("created", answer),
  streamed: agent("streamed", async (turn) => {
    await turn.artifact("out").append("chunk");
    await release.promise;
    await turn.complete("done");
  }),
  chatty: agent("chatty", async (turn) => {
    for (let status = 0; status < 5; status += 1) {
      await turn.working(`status ${status}`);
    }
    await turn.complete();
  }),
  bursting: agent("bursting", async (turn) => {
    await Promise.all(Array.from({ length: 50 }, (_, status) => turn.working(`status ${status}`)));
    await turn.complete();
  }),
};

beforeAll(async () => {
  azurite = await startAzurite();
  const account = await openStorageAccount(
    { connectionString: azurite.connectionString },
    10_000,
    ({ method, url }) => {
      requests.push(`${method} ${new URL(url).pathname}`);
    },
  );
  const durable = createEngine({
    ...account,
    instance: "counted",
    queue: {
      send: (message) => {
        queued.push(message);
        return Promise.resolve();
      },
    },
    outbox: {
      committed() {},
      remind: () => Promise.resolve(undefined),
      toRow: () => Promise.reject(new Error("no push notifications here")),
    },
    clock: withoutTails(clock),
    random: createSystemRandom(),
    logger: { info: ignore, warn: ignore, error: ignore },
    registry: createRegistry(Object.values(agents)),
    settings: {
      lease: 30_000,
      turnTimeout: 60_000,
      inputTimeout: 60_000,
      retention: 7 * 86_400_000,
      tailReadsPerSecond: 200,
      maxEventsPerTask: 10_000,
      maxEventBytes: 1024 * 1024,
      maxTurns: 100,
      ownsProcess: false,
    },
    stateKeys: createStateKeys([new Uint8Array(32)]),
    rules,
  });
  engine = createPlainEngine(durable);
});
afterAll(() => azurite?.close());
beforeEach(async () => {
  await vi.waitUntil(() => engine.turns === 0);
  release = Promise.withResolvers();
  requests = [];
});

describe("table transactions", () => {
  it("are 2 for a blocking call on the one-commit path", async () => {
    await send("safe");
    expect(requests).toHaveLength(2);
  });

  it("are 5 for a blocking call whose task exists first", async () => {
    await send("created");
    await expect.poll(() => requests.length).toBe(5);
    expect(engine.turns).toBe(0);
  });

  it("are 6 for a stream of a task, an artifact and its end, and 2 in parallel before the first event", async () => {
    const stream = engine.stream(callOf("streamed"), request());
    expect((await stream.next()).value?.response.payload?.$case).toBe("task");
    const beforeFirst = requests.length;
    expect((await stream.next()).value?.response.payload?.$case).toBe("artifactUpdate");
    release.resolve();
    for await (const _ of stream) {
      // Until it ends.
    }
    await expect.poll(() => engine.turns + requests.length).toBe(6);
    // The agent may have begun by the time the first event is pulled.
    expect(beforeFirst).toBeLessThanOrEqual(3);
  });

  it("are 1 more for each further status", async () => {
    await send("chatty");
    await expect.poll(() => requests.length).toBe(5 + 5);
  });

  it("are none for statuses that are grouped", async () => {
    await send("bursting");
    // The first goes alone; the others gather while it is in flight.
    await expect.poll(() => requests.length).toBeLessThanOrEqual(5 + 2);
  });

  it("are at most 8 for a call that returns at once and runs from the queue", async () => {
    await send("created", true);
    const message = queued.pop();
    expect(message).toBeDefined();
    await engine.work(message as TurnMessage);
    expect(requests.length <= 8 ? "at most 8" : requests).toBe("at most 8");
    expect(requests.length).toBeGreaterThan(5);
  });
});

function agent(id: string, run: (turn: Turn) => Promise<void>, more: Partial<Agent> = {}): Agent {
  return defineAgent({ id, version: "1.0.0", card, run, ...more });
}

async function answer(turn: Turn): Promise<void> {
  await turn.complete("done");
}

function send(id: string, returnImmediately = false): Promise<unknown> {
  return engine.send(callOf(id), request(returnImmediately));
}

function callOf(id: string): Parameters<DurableEngine["send"]>[0] {
  const found = agents[id];
  if (!found) {
    throw new Error(id);
  }
  const caller = { scope: "0".repeat(32), tenant: "", subject: "", roles: [] };
  return { agent: found, caller, signal: new AbortController().signal };
}

function request(returnImmediately = false): SendMessageRequest {
  return {
    tenant: "",
    message: {
      messageId: "m",
      contextId: "",
      taskId: "",
      role: Role.ROLE_USER,
      parts: [{ content: { $case: "text", value: "hello" }, metadata: undefined, filename: "", mediaType: "" }],
      metadata: undefined,
      extensions: [],
      referenceTaskIds: [],
    },
    configuration: {
      acceptedOutputModes: [],
      taskPushNotificationConfig: undefined,
      historyLength: undefined,
      returnImmediately,
    },
    metadata: undefined,
  };
}

/** Reads by watchers and holders have their own budget (docs/architecture.md#watching-a-task): none is due here. */
function withoutTails(real: Clock): Clock {
  return { ...real, after: (ms, run) => real.after(ms === 50 || ms === 500 || ms === 1_000 ? 3_600_000 : ms, run) };
}

function ignore(): void {}

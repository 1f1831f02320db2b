import type { Task, TaskPushNotificationConfig } from "@a2a-js/sdk";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { WebhookCall, WebhookOutcome } from "../../../src/ports/webhook-sender.ts";
import type { PushMessage } from "../../../src/ports/work-queue.ts";
import { parseConfigRow, toConfigKey } from "../../../src/push/config-row.ts";
import { deliver } from "../../../src/push/deliver.ts";
import { deliveryRules } from "../../../src/push/delivery-rules.ts";
import { createOutbox } from "../../../src/push/outbox.ts";
import { createPushConfigs } from "../../../src/push/push-configs.ts";
import type { PushParts } from "../../../src/push/push-parts.ts";
import { createCredentialSealer } from "../../../src/push/credentials.ts";
import { createEngine } from "../../../src/tasks/engine.ts";
import { createFixture, LEASE, settle } from "../tasks/engine-fixture.ts";
import type { Fixture } from "../tasks/engine-fixture.ts";
import { StoreError } from "../../../src/ports/store-error.ts";
import type { StateKeys } from "../../../src/ports/state-keys.ts";
import { retryConfigs } from "../../../src/push/retry-configs.ts";
import { createStateKeys } from "../../../src/ports/state-keys.ts";
import { createPlainEngine } from "../../support/plain-engine.ts";

const URL = "https://hook.example/";
const OK: WebhookOutcome = { code: "answered", status: 204 };

let fixture: Fixture;
let push: PushParts;
let posts: WebhookCall[];
let answer: (call: WebhookCall) => Promise<WebhookOutcome> | WebhookOutcome;
/** Names of the log's methods as they are called. */
let requests: string[];

beforeEach(() => {
  posts = [];
  requests = [];
  answer = () => OK;
  fixture = createFixture(async (turn) => {
    for (let status = 0; status < 3; status += 1) {
      await turn.working(`status ${status}`);
    }
    await turn.complete("done");
  });
  const { log } = fixture.parts;
  const counted = new Proxy(log, {
    get(target, name) {
      return (...args: unknown[]) => {
        requests.push(String(name));
        return Reflect.apply(Reflect.get(target, name) as (...given: unknown[]) => unknown, target, args);
      };
    },
  });
  push = {
    ...fixture.parts,
    log: counted,
    sender: {
      toRefusal: () => undefined,
      async post(call) {
        posts.push(call);
        return answer(call);
      },
    },
    sealer: createCredentialSealer(createStateKeys([new Uint8Array(32).fill(3)])),
    deliveryRules,
  };
});

const generations = (): number[] => posts.map(({ headers }) => Number(headers["a2a-event-id"]));

/** Encryption takes real time, which the fake clock knows nothing of. */
async function untilPosted(count: number): Promise<void> {
  await vi.waitFor(() => expect(posts).toHaveLength(count));
}

const authentication = { scheme: "Bearer", credentials: "secret" };
const CONFIG = { tenant: "", taskId: "", id: "mine", url: URL, token: "tok", authentication };

/** Sends a message that names a webhook. */
async function send(config: TaskPushNotificationConfig, taskId = ""): Promise<Task> {
  const { call, parts } = fixture;
  const engine = createPlainEngine(createEngine({ ...parts, outbox: createOutbox(push) }));
  const task = await engine.send(call(), {
    tenant: "",
    message: { ...message, messageId: crypto.randomUUID(), taskId },
    configuration: {
      acceptedOutputModes: [],
      taskPushNotificationConfig: config,
      historyLength: undefined,
      returnImmediately: false,
    },
    metadata: undefined,
  });
  await settle();
  if (!("id" in task)) {
    throw new Error("answered with a message");
  }
  return task;
}

async function listConfigs(taskId: string): Promise<readonly TaskPushNotificationConfig[]> {
  const request = { tenant: "", taskId, pageSize: 0, pageToken: "" };
  return (await createPushConfigs(push).list(fixture.call(), request)).configs;
}

/** A task of five events with a webhook that has heard of none. */
async function begin(): Promise<PushMessage> {
  const { call } = fixture;
  const { id: taskId } = await send(CONFIG);
  fixture.queued.length = 0;
  requests.length = 0;
  return { kind: "push", scope: call().caller.scope, taskId, config: toConfigKey("mine") };
}

const message = {
  messageId: "m",
  contextId: "",
  taskId: "",
  role: 1,
  parts: [{ content: { $case: "text" as const, value: "go" }, metadata: undefined, filename: "", mediaType: "" }],
  metadata: undefined,
  extensions: [],
  referenceTaskIds: [],
};

async function configOf({ scope, taskId, config }: PushMessage) {
  const row = await fixture.parts.log.readRow({ scope, taskId }, config);
  return row === undefined ? undefined : parseConfigRow(row);
}

describe("a delivery", () => {
  test("tells every event once and in order, with what the config says", async () => {
    const job = await begin();
    await deliver(push, job);

    expect(generations()).toEqual([1, 2, 3, 4, 5]);
    expect(posts[0]).toMatchObject({
      url: URL,
      headers: { authorization: "Bearer secret", "x-a2a-notification-token": "tok" },
    });
    expect(await configOf(job)).toMatchObject({ cursor: 5, failures: 0 });
    await deliver(push, job);
    expect(posts).toHaveLength(5);
  });

  test("costs two requests per event and three per job", async () => {
    const job = await begin();
    await deliver(push, job);
    expect(requests).toHaveLength(2 * 5 + 3);
  });

  test("runs one at a time, even with duplicate messages", async () => {
    const job = await begin();
    await Promise.all([deliver(push, job), deliver(push, job), deliver(push, job)]);
    expect(generations()).toEqual([1, 2, 3, 4, 5]);
  });

  test("stops at a failure and comes back to the same event, later each time", async () => {
    const job = await begin();
    answer = ({ headers }) => (headers["a2a-event-id"] === "3" ? { code: "answered", status: 500 } : OK);
    await deliver(push, job);
    expect(generations()).toEqual([1, 2, 3]);
    expect(fixture.queued).toEqual([job]);
    const failed = await configOf(job);
    expect(failed).toMatchObject({ cursor: 2, failures: 1, state: "active" });
    expect(failed).not.toHaveProperty("lease");
    expect(failed?.log).toMatchObject([{ generation: 3, outcome: "status 500" }]);

    // Too early.
    await deliver(push, job);
    expect(posts).toHaveLength(3);
    await fixture.clock.advance(1_000);
    await deliver(push, job);
    expect((await configOf(job))?.nextAt).toBe(fixture.clock.now() + 2_000);
    answer = () => OK;
    await fixture.clock.advance(2_000);
    await deliver(push, job);
    expect(generations()).toEqual([1, 2, 3, 3, 3, 4, 5]);
  });

  test("gives a webhook up after ten failures in a row, and says why", async () => {
    const job = await begin();
    answer = () => ({ code: "failed", reason: "ECONNREFUSED" });
    for (let attempt = 0; attempt < 12; attempt += 1) {
      await deliver(push, job);
      await fixture.clock.advance(600_000);
    }
    expect(posts).toHaveLength(10);
    expect(await configOf(job)).toMatchObject({ state: "disabled", cursor: 0 });
    expect(fixture.lines.at(-1)).toMatchObject({ event: "push.disabled", fields: { outcome: "failed: ECONNREFUSED" } });
  });

  test.each<[string, WebhookOutcome]>([
    ["an address that is refused", { code: "refused", reason: "private" }],
    ["a receiver that is gone", { code: "answered", status: 410 }],
    ["a receiver that has moved", { code: "answered", status: 301 }],
    ["a receiver that has moved for every method", { code: "answered", status: 308 }],
  ])("gives up at once %s", async (_what, outcome) => {
    const job = await begin();
    answer = () => outcome;
    await deliver(push, job);
    expect(await configOf(job)).toMatchObject({ state: "disabled", failures: 1 });
    expect(fixture.queued).toEqual([]);
  });

  test("follows one that died in the middle of a call, once its lease is over, and repeats that call", async () => {
    const job = await begin();
    let dies = true;
    answer = ({ headers }) => (dies && headers["a2a-event-id"] === "2" ? new Promise(() => {}) : OK);
    void deliver(push, job);
    await untilPosted(2);
    dies = false;
    await deliver(push, job);
    expect(generations()).toEqual([1, 2]);
    await fixture.clock.advance(2 * LEASE);
    await deliver(push, job);
    expect(generations()).toEqual([1, 2, 2, 3, 4, 5]);
  });

  test("treats a redirect as a failure, and says that it is not followed", async () => {
    const job = await begin();
    answer = () => ({ code: "answered", status: 302 });
    await deliver(push, job);
    expect(posts).toHaveLength(1);
    expect(await configOf(job)).toMatchObject({
      state: "active",
      failures: 1,
      log: [{ generation: 1, outcome: "status 302: redirects are not followed" }],
    });
  });

  const DECRYPT = "failed: no current state key decrypts its credentials (STATE_KEY, or state-key in the vault)";
  const broken: [string, StateKeys][] = [
    ["that was rotated away", createStateKeys([new Uint8Array(32).fill(4)])],
    [
      "of a vault that is down",
      { ...createStateKeys([new Uint8Array(32).fill(4)]), refresh: () => Promise.reject(new Error("vault down")) },
    ],
  ];

  test.each(broken)(
    "waits for a state key %s, never calls without credentials, and goes on with it",
    async (_what, keys) => {
      const job = await begin();
      const without = { ...push, sealer: createCredentialSealer(keys) };
      for (let attempt = 1; attempt <= 3; attempt += 1) {
        await deliver(without, job);
        expect(await configOf(job)).toMatchObject({ state: "active", failures: attempt, log: expect.any(Array) });
        await fixture.clock.advance(600_000);
      }
      expect((await configOf(job))?.log.map(({ outcome }) => outcome)).toEqual([DECRYPT, DECRYPT, DECRYPT]);
      expect(posts).toEqual([]);
      await deliver(push, job);
      expect(generations()).toEqual([1, 2, 3, 4, 5]);
      expect(await configOf(job)).toMatchObject({ state: "active", failures: 0, cursor: 5 });
    },
  );

  test("gives up a webhook whose state key does not come back, after the usual number of attempts", async () => {
    const job = await begin();
    const without = { ...push, sealer: createCredentialSealer(createStateKeys([new Uint8Array(32).fill(4)])) };
    for (let attempt = 0; attempt < 12; attempt += 1) {
      await deliver(without, job);
      await fixture.clock.advance(600_000);
    }
    expect(await configOf(job)).toMatchObject({ state: "disabled", failures: 10 });
    expect(fixture.lines.at(-1)).toMatchObject({ event: "push.disabled", fields: { outcome: DECRYPT } });
  });
});

describe("push:retry", () => {
  const retry = (job: PushMessage) => retryConfigs(push, { scope: job.scope, taskId: job.taskId });

  test("resumes a disabled webhook, and says why it was disabled", async () => {
    const job = await begin();
    answer = ({ headers }) => (headers["a2a-event-id"] === "3" ? { code: "answered", status: 410 } : OK);
    await deliver(push, job);
    expect(await retry(job)).toEqual([{ id: "mine", url: URL, behind: 3, wasDisabled: true, reason: "status 410" }]);
    expect(fixture.queued.splice(0)).toEqual([job]);
    answer = () => OK;
    await deliver(push, job);
    expect(await configOf(job)).toMatchObject({ state: "active", cursor: 5 });
    expect(await retry(job)).toEqual([]);
  });

  test("leaves a delivery that runs alone, which goes on", async () => {
    const job = await begin();
    const slow = Promise.withResolvers<WebhookOutcome>();
    answer = ({ headers }) => (headers["a2a-event-id"] === "2" ? slow.promise : OK);
    const delivery = deliver(push, job);
    await untilPosted(2);
    const before = await configOf(job);
    expect(await retry(job)).toEqual([{ id: "mine", url: URL, behind: 4, wasDisabled: false }]);
    expect(await configOf(job)).toEqual(before);
    slow.resolve(OK);
    await delivery;
    expect(generations()).toEqual([1, 2, 3, 4, 5]);
  });

  test("decides again where the row changes between its read and its write", async () => {
    const job = await begin();
    answer = () => ({ code: "failed", reason: "ECONNREFUSED" });
    await deliver(push, job);
    const { log } = push;
    let conflicts = 0;
    const busy: typeof log = Object.create(log, {
      replaceRow: {
        value: (...given: Parameters<typeof log.replaceRow>) => {
          conflicts += 1;
          return conflicts <= 3
            ? Promise.reject(new StoreError({ code: "conflict", operation: "replace row" }))
            : log.replaceRow(...given);
        },
      },
    });
    const retried = retryConfigs({ ...push, log: busy }, { scope: job.scope, taskId: job.taskId });
    await fixture.clock.advance(1_000);
    expect(await retried).toEqual([
      { id: "mine", url: URL, behind: 5, wasDisabled: false, reason: "failed: ECONNREFUSED" },
    ]);
    expect(conflicts).toBe(4);
    expect(await configOf(job)).toMatchObject({ state: "active", failures: 0, nextAt: 0 });
  });
});

describe("a config that is set again", () => {
  const create = (config: Partial<TaskPushNotificationConfig>, taskId: string) =>
    createPushConfigs(push).create(fixture.call(), { ...CONFIG, ...config, taskId });

  test("goes on where it was, by another job, with what it says now", async () => {
    const job = await begin();
    answer = ({ headers }) => (headers["a2a-event-id"] === "3" ? { code: "answered", status: 410 } : OK);
    await deliver(push, job);
    expect(await configOf(job)).toMatchObject({ state: "disabled", cursor: 2 });
    answer = () => OK;

    await create({ url: `${URL}moved`, token: "new" }, job.taskId);
    expect(await configOf(job)).toMatchObject({ state: "active", cursor: 2, failures: 0 });
    expect(fixture.queued.splice(0)).toEqual([job]);
    await deliver(push, job);
    expect(generations()).toEqual([1, 2, 3, 3, 4, 5]);
    expect(posts.at(-1)).toMatchObject({ url: `${URL}moved`, headers: { "x-a2a-notification-token": "new" } });
    expect(await listConfigs(job.taskId)).toHaveLength(1);
  });

  test("in the middle of a delivery is heeded by the next call of the same job", async () => {
    const job = await begin();
    let isMoved = false;
    answer = async ({ headers }) => {
      if (headers["a2a-event-id"] === "2" && !isMoved) {
        isMoved = true;
        await create({ url: `${URL}moved`, authentication: { scheme: "Bearer", credentials: "new" } }, job.taskId);
      }
      return OK;
    };
    await deliver(push, job);
    await deliver(push, job);
    expect(new Set(generations())).toEqual(new Set([1, 2, 3, 4, 5]));
    for (const { url, headers } of posts) {
      expect(headers["authorization"]).toBe(url === URL ? "Bearer secret" : "Bearer new");
    }
    expect(posts.at(-1)?.url).toBe(`${URL}moved`);
  });

  test("with every message of its task, without an id, is one config", async () => {
    fixture = createFixture((turn) => turn.ask("and?"));
    push = { ...push, ...fixture.parts };
    const { id } = await send({ ...CONFIG, id: "" });
    const [first] = await listConfigs(id);
    await send({ ...CONFIG, id: "", token: "second" }, id);
    expect(await listConfigs(id)).toEqual([{ ...first, token: "second" }]);
  });

  test("is none of the ten that a task may have, however they come", async () => {
    fixture = createFixture((turn) => turn.ask("and?"));
    push = { ...push, ...fixture.parts };
    const { id } = await send({ ...CONFIG, id: "0" });
    await Promise.all(Array.from({ length: 9 }, (_, at) => create({ id: String(at + 1) }, id)));
    await create({ id: "5" }, id);
    const refusal = { message: expect.stringContaining("has 10 push") };
    await expect(create({ id: "one more" }, id)).rejects.toMatchObject(refusal);
    await expect(send({ ...CONFIG, id: "one more" }, id)).rejects.toMatchObject(refusal);
    expect(await listConfigs(id)).toHaveLength(10);
    await send({ ...CONFIG, id: "5" }, id);
  });

  test("at once by many is never one too many", async () => {
    const { id } = await send(CONFIG);
    const all = await Promise.allSettled(Array.from({ length: 14 }, (_, at) => create({ id: String(at) }, id)));
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(9);
    expect(await listConfigs(id)).toHaveLength(10);
  });
});

test("a slow receiver has its time however short the leases of turns are", async () => {
  const job = await begin();
  const gate = Promise.withResolvers<WebhookOutcome>();
  answer = ({ headers }) => (headers["a2a-event-id"] === "1" ? gate.promise : OK);
  const short = { ...push, settings: { ...push.settings, lease: 5_000 } };
  const delivering = deliver(short, job);
  await untilPosted(1);
  await fixture.clock.advance(9_900);
  await deliver(short, job);
  gate.resolve(OK);
  await delivering;
  expect(generations()).toEqual([1, 2, 3, 4, 5]);
});

test("credentials that an earlier state key sealed are opened after it was followed by another", async () => {
  const job = await begin();
  const keys = [4, 3].map((byte) => new Uint8Array(32).fill(byte));
  await deliver({ ...push, sealer: createCredentialSealer(createStateKeys(keys)) }, job);
  expect(posts.at(-1)?.headers["authorization"]).toBe("Bearer secret");
});

describe("a deletion", () => {
  test("waits for the call that is under way, and none begins after it", async () => {
    const job = await begin();
    const gate = Promise.withResolvers<WebhookOutcome>();
    answer = ({ headers }) => (headers["a2a-event-id"] === "2" ? gate.promise : OK);
    const delivering = deliver(push, job);
    await untilPosted(2);
    let isDeleted = false;
    const request = { tenant: "", taskId: job.taskId, id: "mine" };
    const deleting = createPushConfigs(push)
      .delete(fixture.call(), request)
      .then(() => (isDeleted = true));
    await fixture.clock.advance(1_000);
    expect([isDeleted, generations()]).toEqual([false, [1, 2]]);
    expect(await listConfigs(job.taskId)).toEqual([]);

    gate.resolve(OK);
    await delivering;
    await fixture.clock.advance(200);
    await deleting;
    expect(generations()).toEqual([1, 2]);
    expect(await configOf(job)).toBeUndefined();
  });

  test("does not wait for a job that died longer than its lease", async () => {
    const job = await begin();
    answer = () => new Promise(() => {});
    void deliver(push, job);
    await untilPosted(1);
    const deleting = createPushConfigs(push).delete(fixture.call(), { tenant: "", taskId: job.taskId, id: "mine" });
    await fixture.clock.advance(LEASE * 2.2);
    await deleting;
    expect(await configOf(job)).toBeUndefined();
  });
});

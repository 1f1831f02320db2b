import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Task, TaskState } from "@a2a-js/sdk";
import type { StreamResponse } from "@a2a-js/sdk";
import type { Client } from "@a2a-js/sdk/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startAzurite } from "../../src/hosts/node/azurite.ts";
import type { Azurite } from "../../src/hosts/node/azurite.ts";
import { connect, readUntil, toList, toSend, toText } from "../support/a2a-client.ts";
import { startHost } from "../support/host-process.ts";
import type { HostProcess } from "../support/host-process.ts";

const COUNTED = "1 2 3 4 5 6 7 8 9 10 11 12";
const LEASE_SECONDS = 2;

let azurite: Azurite;
let env: Record<string, string>;
const hosts: HostProcess[] = [];

beforeAll(async () => {
  azurite = await startAzurite();
  env = {
    STORAGE_CONNECTION_STRING: azurite.connectionString,
    GATEWAY_CONFIG: fileURLToPath(new URL("fixture-gateway.config.ts", import.meta.url)),
    LEASE_SECONDS: String(LEASE_SECONDS),
    SWEEP_SECONDS: "1",
    SHUTDOWN_GRACE: "2 s",
  };
});

afterAll(async () => {
  await Promise.all(hosts.map((host) => host.end("SIGKILL")));
  await azurite.close();
});

describe("after SIGKILL in the middle of running tasks, a new host", () => {
  let finished: Task;
  let running: Record<"polled" | "watched" | "once", string>;
  let host: HostProcess;

  beforeAll(async () => {
    const first = await start();
    const echo = await connect(first.url, "echo");
    finished = (await echo.sendMessage(toSend({ text: "keep me" }))) as Task;
    running = {
      polled: await beginCounting(first, "count"),
      watched: await beginCounting(first, "count"),
      once: await beginCounting(first, "count-once"),
    };
    await first.end("SIGKILL");
    host = await start();
  });

  test("gives the finished task as it was, by its id and in the list", async () => {
    const echo = await connect(host.url, "echo");
    expect(Task.toJSON(await echo.getTask({ tenant: "", id: finished.id }))).toEqual(Task.toJSON(finished));
    const { tasks } = await echo.listTasks(toList(finished.contextId));
    expect(tasks.map(({ id }) => id)).toEqual([finished.id]);
  });

  test("lists the running tasks too", async () => {
    const { tasks } = await (await connect(host.url, "count")).listTasks(toList());
    expect(tasks.map(({ id }) => id)).toEqual(expect.arrayContaining([running.polled, running.watched]));
  });

  test("lets a client subscribe to a task that it did not begin, to its end", async () => {
    const client = await connect(host.url, "count");
    const { status } = await client.getTask({ tenant: "", id: running.watched });
    if (status?.state === TaskState.TASK_STATE_WORKING) {
      const events = client.resubscribeTask({ tenant: "", id: running.watched });
      await readUntil(events, (event) => stateOf(event) === TaskState.TASK_STATE_COMPLETED);
    }
    const task = await client.getTask({ tenant: "", id: running.watched });
    expect(toText(task, "numbers")).toBe(COUNTED);
  });

  test("continues a task that no client watches, and repeats none of its chunks", async () => {
    const task = await untilEnded(await connect(host.url, "count"), running.polled);
    expect(task.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
    expect(toText(task, "numbers")).toBe(COUNTED);
  });

  test("fails a task whose agent must not run twice", async () => {
    const task = await untilEnded(await connect(host.url, "count-once"), running.once);
    expect(task.status?.state).toBe(TaskState.TASK_STATE_FAILED);
  });
});

test("a client that leaves its stream leaves its task running", async () => {
  const host = await start();
  const client = await connect(host.url, "count");
  const abort = new AbortController();
  const events = client.sendMessageStream(toSend({ text: "count" }), { signal: abort.signal });
  const id = idOf((await events.next()).value);
  await readUntil(events, isChunk);
  abort.abort();
  await expect(readUntil(events, () => false)).rejects.toThrow(/abort/i);
  const task = await untilEnded(client, id);
  expect(task.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
  expect(toText(task, "numbers")).toBe(COUNTED);
});

test("on SIGTERM a host fails its readiness, ends its streams and itself, and the next one finishes its tasks", async () => {
  const first = await start();
  const client = await connect(first.url, "count");
  const events = client.sendMessageStream(toSend({ text: "count" }));
  const id = idOf((await events.next()).value);
  await readUntil(events, isChunk);
  const slow = await connect(first.url, "stubborn");
  await readUntil(slow.sendMessageStream(toSend({ text: "stay" })), ({ payload }) => payload?.$case === "statusUpdate");

  const told = performance.now();
  const ended = first.end("SIGTERM");
  const readiness = untilUnready(first.url);
  await expect(readUntil(events, () => false)).rejects.toThrow("the stream has ended");
  expect(await ended).toBe(0);
  expect(performance.now() - told).toBeLessThan(5_000);
  expect(await readiness).toBe(503);

  const second = await start();
  const task = await untilEnded(await connect(second.url, "count"), id);
  expect(task.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
  expect(toText(task, "numbers")).toBe(COUNTED);
});

async function start(): Promise<HostProcess> {
  const host = await startHost(env);
  hosts.push(host);
  return host;
}

/** Resolves to the task's id once it is in the middle of its work. */
async function beginCounting(host: HostProcess, agent: string): Promise<string> {
  const client = await connect(host.url, agent);
  const events = client.sendMessageStream(toSend({ text: "count" }));
  const id = idOf((await events.next()).value);
  await readUntil(events, isChunk);
  return id;
}

/** A task may wait 3 leases for its next host, and then count from the beginning. The test's timeout bounds it. */
async function untilEnded(client: Client, id: string): Promise<Task> {
  for (;;) {
    const task = await client.getTask({ tenant: "", id });
    if (task.status?.state !== TaskState.TASK_STATE_WORKING) return task;
    await wait(50);
  }
}

async function untilUnready(url: string): Promise<number | undefined> {
  for (;;) {
    const status = await fetch(`${url}/readyz`, { headers: { connection: "close" } }).then(
      (response) => response.status,
      () => undefined,
    );
    if (status !== 200) return status;
    await wait(5);
  }
}

function idOf(event: StreamResponse | undefined | void): string {
  if (event?.payload?.$case !== "task") throw new Error("the stream did not begin with its task");
  return event.payload.value.id;
}

function isChunk({ payload }: StreamResponse): boolean {
  return payload?.$case === "artifactUpdate";
}

function stateOf({ payload }: StreamResponse): TaskState | undefined {
  return payload?.$case === "statusUpdate" || payload?.$case === "task" ? payload.value.status?.state : undefined;
}

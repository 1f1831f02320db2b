import { fileURLToPath } from "node:url";
import { SendMessageRequest, TaskState } from "@a2a-js/sdk";
import type { StreamResponse, Task } from "@a2a-js/sdk";
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test, vi } from "vitest";
import { startAzurite } from "../../src/hosts/node/azurite.ts";
import type { Azurite } from "../../src/hosts/node/azurite.ts";
import { connect, readUntil, toSend, toText } from "../support/a2a-client.ts";
import { startHost } from "../support/host-process.ts";
import type { HostProcess } from "../support/host-process.ts";

const COUNTED = "1 2 3 4 5 6 7 8 9 10 11 12";

let azurite: Azurite;
let one: HostProcess;
let two: HostProcess;

beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.close());
afterEach(() => Promise.all([one.end("SIGKILL"), two.end("SIGKILL")]));

function start(leaseSeconds: number): Promise<HostProcess> {
  return startHost({
    STORAGE_CONNECTION_STRING: azurite.connectionString,
    GATEWAY_CONFIG: fileURLToPath(new URL("fixture-gateway.config.ts", import.meta.url)),
    LEASE_SECONDS: String(leaseSeconds),
    SWEEP_SECONDS: "1",
    SHUTDOWN_GRACE: "100 ms",
  });
}

describe("two hosts on one storage, with a short lease", () => {
  beforeEach(async () => {
    [one, two] = await Promise.all([start(2), start(2)]);
  });

  test("a queued turn whose host was killed is finished by the other", async () => {
    const id = await sendQueued(one);
    await one.end("SIGKILL");

    expect(toText(await untilEnded(two, id), "numbers")).toBe(COUNTED);
  });
});

describe("two hosts on one storage, with a long lease", () => {
  beforeEach(async () => {
    [one, two] = await Promise.all([start(60), start(60)]);
  });

  test("on SIGTERM the other goes on at once", async () => {
    const id = await sendQueued(one);
    const told = performance.now();
    const ended = one.end("SIGTERM");
    await vi.waitFor(() => expect(two.output).toContain("turn.taken"), 20_000);
    expect(performance.now() - told).toBeLessThan(6_000);
    expect(await ended).toBe(0);

    expect(toText(await untilEnded(two, id), "numbers")).toBe(COUNTED);
  });

  test("a task is canceled through the other within two seconds", async () => {
    const client = await connect(one.url, "count");
    const events = client.sendMessageStream(toSend({ text: "count" }));
    const id = idOf((await events.next()).value);
    const asked = performance.now();
    const canceled = await (await connect(two.url, "count")).cancelTask({ tenant: "", id, metadata: {} });
    expect(performance.now() - asked).toBeLessThan(2_500);

    expect(canceled.status?.state).toBe(TaskState.TASK_STATE_CANCELED);
    await readUntil(events, ({ payload }) => {
      return payload?.$case === "statusUpdate" && payload.value.status?.state === TaskState.TASK_STATE_CANCELED;
    });
  });

  test("a stream at the other gets every event", async () => {
    const client = await connect(one.url, "count");
    const id = idOf((await client.sendMessageStream(toSend({ text: "count" })).next()).value);
    let text = "";
    for await (const { payload } of (await connect(two.url, "count")).resubscribeTask({ tenant: "", id })) {
      if (payload?.$case === "task") {
        text = toText(payload.value, "numbers");
      } else if (payload?.$case === "artifactUpdate") {
        text += payload.value.artifact?.parts.map(({ content }) => content?.value).join("");
      }
    }
    expect(text).toBe(COUNTED);
  });
});

/** Resolves to the task's id once a host works on it. */
async function sendQueued(host: HostProcess): Promise<string> {
  const message = { ...toSend({ text: "count" }) };
  const request = SendMessageRequest.fromJSON({
    ...(SendMessageRequest.toJSON(message) as object),
    configuration: { returnImmediately: true },
  });
  const client = await connect(host.url, "count-queued");
  const { id } = (await client.sendMessage(request)) as Task;
  await vi.waitFor(async () => {
    const { status } = await client.getTask({ tenant: "", id });
    expect(status?.state).toBe(TaskState.TASK_STATE_WORKING);
  });
  return id;
}

async function untilEnded(host: HostProcess, id: string): Promise<Task> {
  const client = await connect(host.url, "count-queued");
  return vi.waitFor(
    async () => {
      const task = await client.getTask({ tenant: "", id });
      expect(task.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
      return task;
    },
    { timeout: 15_000, interval: 100 },
  );
}

function idOf(event: StreamResponse | undefined | void): string {
  if (event?.payload?.$case !== "task") throw new Error("the stream did not begin with its task");
  return event.payload.value.id;
}

import { fileURLToPath } from "node:url";
import { SendMessageRequest } from "@a2a-js/sdk";
import type { Task } from "@a2a-js/sdk";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { startAzurite } from "../../src/hosts/node/azurite.ts";
import type { Azurite } from "../../src/hosts/node/azurite.ts";
import { connect, toSend } from "../support/a2a-client.ts";
import { endedHost, startHost } from "../support/host-process.ts";
import type { HostProcess } from "../support/host-process.ts";
import { startWebhookReceiver } from "../support/webhook-receiver.ts";
import type { WebhookReceiver } from "../support/webhook-receiver.ts";

let azurite: Azurite;
let env: Record<string, string>;
let receiver: WebhookReceiver;
const hosts: HostProcess[] = [];

beforeAll(async () => {
  azurite = await startAzurite();
  env = {
    STORAGE_CONNECTION_STRING: azurite.connectionString,
    GATEWAY_CONFIG: fileURLToPath(new URL("fixture-gateway.config.ts", import.meta.url)),
    STATE_KEY: Buffer.alloc(32, 7).toString("base64"),
    WEBHOOK_ALLOWED_HOSTS: "127.0.0.1",
    LEASE_SECONDS: "2",
    SWEEP_SECONDS: "1",
  };
});
beforeEach(async () => {
  receiver = await startWebhookReceiver();
});
afterEach(async () => {
  await Promise.all([...hosts.splice(0).map((host) => host.end("SIGKILL")), receiver.close()]);
});
afterAll(() => azurite.close());

test("a host that is killed while it delivers is followed by one that leaves out nothing", async () => {
  const first = await start();
  const reached = Promise.withResolvers<void>();
  receiver.answerWith((response, { headers }) => {
    if (headers["a2a-event-id"] === "4") {
      // Never answered: the host dies in the middle of its call.
      reached.resolve();
    } else {
      response.writeHead(204).end();
    }
  });
  await sendWithHook(first);
  await reached.promise;
  await first.end("SIGKILL");
  receiver.answerWith();
  await start();

  await vi.waitFor(() => expect(lastState()).toBe("TASK_STATE_COMPLETED"), 15_000);
  const ids = receiver.notifications.map(({ headers }) => Number(headers["a2a-event-id"]));
  const firsts = [...new Set(ids)];
  expect(firsts).toEqual(firsts.map((_, at) => at + 1));
});

test("push:retry goes on with a webhook that was given up", async () => {
  const host = await start();
  receiver.answerWith((response) => response.writeHead(410).end());
  const { id } = await sendWithHook(host);
  await vi.waitFor(() => expect(host.output).toContain("push.disabled"), 10_000);
  await vi.waitFor(async () => {
    const task = await (await connect(host.url, "count")).getTask({ tenant: "", id });
    expect(task.status?.state).toBe(3);
  }, 10_000);
  const heard = receiver.notifications.length;
  receiver.answerWith();

  const { code, output } = await retry("--task", id);
  expect([code, output]).toEqual([
    0,
    expect.stringMatching(/^mine: \d+ events for http.*\nA running gateway will deliver/),
  ]);
  await vi.waitFor(() => expect(lastState()).toBe("TASK_STATE_COMPLETED"), 10_000);
  expect(receiver.notifications[heard]?.headers["a2a-event-id"]).toBe("1");
  expect((await retry("--task", id)).output).toBe("Every webhook has received all events.\n");
  expect(await retry("--task", "none")).toEqual({ code: 1, output: "Task none does not exist in this store.\n" });
  expect(await retry()).toMatchObject({ code: 2, output: expect.stringContaining("npm run push:retry -- --task ID") });
});

async function start(): Promise<HostProcess> {
  const host = await startHost(env);
  hosts.push(host);
  return host;
}

async function sendWithHook(host: HostProcess): Promise<Task> {
  const configuration = {
    returnImmediately: true,
    taskPushNotificationConfig: { id: "mine", url: receiver.url },
  };
  const request = { ...(SendMessageRequest.toJSON(toSend({ text: "count" })) as object), configuration };
  return (await (await connect(host.url, "count")).sendMessage(SendMessageRequest.fromJSON(request))) as Task;
}

function lastState(): string | undefined {
  return receiver.notifications.at(-1)?.body.statusUpdate?.status.state;
}

function retry(...args: string[]): ReturnType<typeof endedHost> {
  return endedHost(env, "push-retry.ts", undefined, args);
}

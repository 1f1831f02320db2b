import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { QueueServiceClient } from "@azure/storage-queue";
import { SendMessageRequest, TaskState } from "@a2a-js/sdk";
import type { StreamResponse, Task } from "@a2a-js/sdk";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { connect, readUntil, toSend, toText } from "../support/a2a-client.ts";
import { buildFunctions } from "../support/functions-bundle.ts";
import type { FunctionsBundle } from "../support/functions-bundle.ts";
import { startFunctionsHost } from "../support/functions-core/functions-host.ts";
import type { FunctionsHost } from "../support/functions-core/functions-host.ts";
import { startStorageAccounts } from "../support/storage-accounts.ts";
import type { StorageAccounts } from "../support/storage-accounts.ts";

const COUNTED = "1 2 3 4 5 6 7 8 9 10 11 12";

let accounts: StorageAccounts;
let bundle: FunctionsBundle;

beforeAll(async () => {
  [accounts, bundle] = await Promise.all([
    startStorageAccounts(16),
    buildFunctions("test/hosts/fixture-gateway.config.ts"),
  ]);
});
afterAll(async () => {
  bundle.remove();
  await accounts.close();
});

/** The environment of a function app with a storage account of its own. */
function newApp(leaseSeconds: number): Record<string, string> {
  const AzureWebJobsStorage = accounts.connectionStrings[apps++] ?? "";
  return { AzureWebJobsStorage, AUTH_MODE: "none", LEASE_SECONDS: String(leaseSeconds), SWEEP_SECONDS: "1" };
}
let apps = 0;

async function start(app: Record<string, string>): Promise<FunctionsHost> {
  const host = await startFunctionsHost(bundle.main, app);
  onTestFinished(() => host.kill());
  return host;
}

test("a task that streamed from a killed worker is taken over by the queue trigger of another", async () => {
  const app = newApp(2);
  const one = await start(app);
  const { id } = await beginStream(one, "count");
  const two = await start(app);
  await one.kill();

  expect(toText(await untilEnded(two, "count", id), "numbers")).toBe(COUNTED);
  expect(two.worker.output).toContain("turn.taken");
});

test("a queued task of a killed worker is taken over by the queue trigger of another", async () => {
  const app = newApp(2);
  const one = await start(app);
  const id = await sendQueued(one);
  const two = await start(app);
  await one.kill();

  expect(toText(await untilEnded(two, "count-queued", id), "numbers")).toBe(COUNTED);
});

test("a worker that is terminated hands its tasks over at once", async () => {
  const app = newApp(60);
  const one = await start(app);
  const { id, events } = await beginStream(one, "count");
  const two = await start(app);
  const told = performance.now();
  const ended = one.scaleIn();
  await expect(readUntil(events, () => false)).rejects.toThrow("the stream has ended");
  expect(await ended).toBe(0);
  expect(performance.now() - told).toBeLessThan(5_000);

  expect(toText(await untilEnded(two, "count", id), "numbers")).toBe(COUNTED);
});

test("a client that leaves its stream leaves its task running, and the invocation with it", async () => {
  const host = await start(newApp(30));
  const abort = new AbortController();
  const { id, events } = await beginStream(host, "count", abort.signal);
  const [stream = ""] = host.worker.open;
  abort.abort();
  await expect(readUntil(events, () => false)).rejects.toThrow(/abort/i);
  const client = await connect(host.url, "count");
  expect((await client.getTask({ tenant: "", id })).status?.state).toBe(TaskState.TASK_STATE_WORKING);
  expect(host.worker.open).toContain(stream);

  await vi.waitFor(() => expect(host.worker.open).not.toContain(stream), 10_000);
  const task = await client.getTask({ tenant: "", id });
  expect(task.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
  expect(toText(task, "numbers")).toBe(COUNTED);
});

test("a foreign queue message is dropped, and the next one handled", async () => {
  const app = newApp(30);
  const host = await start(app);
  const queue = QueueServiceClient.fromConnectionString(app["AzureWebJobsStorage"] ?? "").getQueueClient("work");
  await vi.waitFor(() => expect(host.worker.output).toContain("host.started"), 10_000);
  await queue.sendMessage("not ours");
  await queue.sendMessage('{"kind":"turn"}');
  const id = await sendQueued(host);

  expect(toText(await untilEnded(host, "count-queued", id), "numbers")).toBe(COUNTED);
  await vi.waitFor(() => expect(host.worker.output.match(/work\.dropped/g)).toHaveLength(2), 5_000);
  expect((await queue.peekMessages({ numberOfMessages: 32 })).peekedMessageItems).toEqual([]);
});

test("an app is built with a gateway config module from anywhere, which imports the gateway by name", async () => {
  const folder = mkdtempSync(join(tmpdir(), "a2a-mine-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const config = join(folder, "mine.config.ts");
  writeFileSync(
    config,
    `import { defineAgent, defineGateway } from "a2a-azure-gateway";
     const card = { name: "Mine", description: "Mine", skills: [{ id: "be", name: "Be", description: "Is", tags: [] }] };
     const mine = defineAgent({ id: "mine", version: "1.0.0", card, run: (turn) => turn.complete("yes") });
     export default defineGateway({ agents: [mine] });`,
  );
  const own = await buildFunctions(config);
  onTestFinished(() => own.remove());
  const host = await startFunctionsHost(own.main, newApp(30));
  onTestFinished(() => host.kill());
  expect(await (await fetch(`${host.url}/agents`)).json()).toMatchObject({ agents: [{ id: "mine" }] });
});

test.each([
  ["malformed", { LEASE_SECONDS: "soon" }, /LEASE_SECONDS/],
  ["memory for a store", { TASK_STORE: "memory" }, /TASK_STORE/],
  ["a turn that may outlast the function", { TURN_TIMEOUT: "30 min" }, /TURN_TIMEOUT/],
  ["everybody served in Azure", { WEBSITE_SITE_NAME: "mine" }, /AUTH_MODE/],
  ["storage that does not answer", { AzureWebJobsStorage: toNowhere() }, /of AzureWebJobsStorage: .*ECONNREFUSED/],
])("a mistake (%s) is a 503 to clients, a line in the log and no crash", async (_what, mistake, reason) => {
  const host = await start({ ...newApp(30), ...mistake });
  for (const path of ["/livez", "/.well-known/agent-card.json", "/agents"]) {
    const response = await fetch(host.url + path);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("5");
    expect(await response.text()).not.toMatch(reason);
  }
  expect(host.worker.output).toMatch(reason);
  expect(host.worker.output.match(/host\.start-failed/g)).toHaveLength(1);
  expect(await host.scaleIn()).toBe(0);
});

test("a worker on a Node.js that is too old answers 503 with the reason, and takes no work", async () => {
  const old = "data:text/javascript,delete Promise.withResolvers";
  const host = await start({ ...newApp(30), NODE_OPTIONS: `--import=${encodeURI(old)}` });
  const response = await fetch(`${host.url}/agents`);
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({
    error: { status: "UNAVAILABLE", message: expect.stringContaining("needs Node.js 22 or 24") },
  });
  expect(host.worker.output).toContain("host.start-failed");
  expect(host.worker.functions.map(({ name }) => name)).toEqual(["zz-gateway"]);
});

interface StartedTurn {
  readonly id: string;
  readonly events: AsyncGenerator<StreamResponse>;
}

/** Resolves once the task is in the middle of its work. */
async function beginStream(host: FunctionsHost, agent: string, signal?: AbortSignal): Promise<StartedTurn> {
  const client = await connect(host.url, agent);
  const events = client.sendMessageStream(toSend({ text: "count" }), signal && { signal });
  const { payload } = (await events.next()).value as StreamResponse;
  await readUntil(events, (event) => event.payload?.$case === "artifactUpdate");
  return { id: payload?.$case === "task" ? payload.value.id : "", events };
}

/** Resolves to the task's id once its worker works on it. */
async function sendQueued(host: FunctionsHost): Promise<string> {
  const request = SendMessageRequest.toJSON(toSend({ text: "count" })) as object;
  const client = await connect(host.url, "count-queued");
  const task = await client.sendMessage(
    SendMessageRequest.fromJSON({ ...request, configuration: { returnImmediately: true } }),
  );
  const { id } = task as Task;
  await vi.waitFor(async () => {
    const { artifacts } = await client.getTask({ tenant: "", id });
    expect(artifacts).not.toEqual([]);
  }, 10_000);
  return id;
}

async function untilEnded(host: FunctionsHost, agent: string, id: string): Promise<Task> {
  const client = await connect(host.url, agent);
  return vi.waitFor(
    async () => {
      const task = await client.getTask({ tenant: "", id });
      expect(task.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
      return task;
    },
    { timeout: 15_000, interval: 100 },
  );
}

function toNowhere(): string {
  const endpoint = "http://127.0.0.1:9/a";
  return `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=c2VjcmV0;BlobEndpoint=${endpoint};TableEndpoint=${endpoint};QueueEndpoint=${endpoint};`;
}

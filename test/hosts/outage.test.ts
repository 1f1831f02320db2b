import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { TaskState } from "@a2a-js/sdk";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startAzurite } from "../../src/hosts/node/azurite.ts";
import type { Azurite } from "../../src/hosts/node/azurite.ts";
import { connect, readUntil, toSend, toText } from "../support/a2a-client.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import type { FaultProxy } from "../support/fault-proxy.ts";
import { startHost } from "../support/host-process.ts";
import type { HostProcess } from "../support/host-process.ts";

/** Real hosts whose stores accept connections and do not answer. */

const LEASE = 3_000;
const LARGE = "x".repeat(100_000);

interface Endpoints {
  readonly tables: FaultProxy;
  readonly blobs: FaultProxy;
  readonly queues: FaultProxy;
  readonly connectionString: string;
}

let azurites: Azurite[];
let proxies: FaultProxy[];
let hosts: HostProcess[];

beforeEach(() => {
  [azurites, proxies, hosts] = [[], [], []];
});
afterEach(async () => {
  await Promise.all(hosts.map((host) => host.end("SIGKILL")));
  await Promise.all(proxies.map((proxy) => proxy.close()));
  await Promise.all(azurites.map((azurite) => azurite.close()));
});

async function openEndpoints(): Promise<Endpoints> {
  const azurite = await startAzurite();
  const { tablePort, blobPort, queuePort } = azurite;
  const [tables, blobs, queues] = await Promise.all([
    startFaultProxy(tablePort),
    startFaultProxy(blobPort),
    startFaultProxy(queuePort),
  ]);
  azurites.push(azurite);
  proxies.push(tables, blobs, queues);
  const connectionString = azurite.connectionString
    .replace(`:${tablePort}/`, `:${tables.port}/`)
    .replace(`:${blobPort}/`, `:${blobs.port}/`)
    .replace(`:${queuePort}/`, `:${queues.port}/`);
  return { tables, blobs, queues, connectionString };
}

async function start(connectionString: string, more: Readonly<Record<string, string>> = {}): Promise<HostProcess> {
  const host = await startHost({
    GATEWAY_CONFIG: fileURLToPath(new URL("fixture-gateway.config.ts", import.meta.url)),
    STORAGE_CONNECTION_STRING: connectionString,
    LEASE_SECONDS: String(LEASE / 1_000),
    SWEEP_SECONDS: "1",
    SHUTDOWN_GRACE: "500 ms",
    ...more,
  });
  hosts.push(host);
  return host;
}

interface Ready {
  readonly code: number;
  readonly ms: number;
  readonly status: string;
  readonly checks: Readonly<Record<string, { readonly status: string; readonly reason?: string }>>;
}

async function readiness({ url }: HostProcess): Promise<Ready> {
  const began = performance.now();
  const response = await fetch(`${url}/readyz`);
  const body = (await response.json()) as Pick<Ready, "status" | "checks">;
  return { code: response.status, ms: performance.now() - began, ...body };
}

describe("while blobs do not answer", () => {
  test("a turn waits beyond its lease and completes, a reader hears of it within 10 s, and readyz names it", async () => {
    const { blobs, connectionString } = await openEndpoints();
    const host = await start(connectionString);
    expect(await readiness(host)).toMatchObject({
      code: 200,
      status: "ok",
      checks: { tables: { status: "ok" }, blobs: { status: "ok" }, queue: { status: "ok" }, sweep: { status: "ok" } },
    });
    const client = await connect(host.url, "large");
    const earlier = await client.sendMessage(toSend({ text: "go" }));
    const events = client.sendMessageStream(toSend({ text: "go" }));
    await readUntil(events, ({ payload }) => payload?.$case === "statusUpdate");
    blobs.misbehave(() => "black-hole");
    const began = performance.now();

    const read = await fetch(`${host.url}/agents/large/tasks/${"id" in earlier ? earlier.id : ""}`, {
      headers: { "a2a-version": "1.0" },
    });
    expect([read.status, read.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(performance.now() - began).toBeLessThan(10_000);
    const degraded = await readiness(host);
    expect(degraded).toMatchObject({ code: 200, status: "degraded", checks: { blobs: { status: "failed" } } });
    expect(degraded.checks["tables"]).toEqual({ status: "ok" });
    expect(degraded.ms).toBeLessThan(2_000);

    await wait(Math.max(0, 3 * LEASE - (performance.now() - began)));
    blobs.misbehave();
    await readUntil(
      events,
      ({ payload }) =>
        payload?.$case === "statusUpdate" && payload.value.status?.state === TaskState.TASK_STATE_COMPLETED,
    );
    expect(host.output).not.toMatch(/turn\.(?:failed|lost|taken)/);
  }, 40_000);

  test("a listing that hangs does not stop the sweep, nor the shutdown", async () => {
    const { blobs, tables, connectionString } = await openEndpoints();
    blobs.misbehave((request) => (request.includes("comp=list") ? "black-hole" : undefined));
    const host = await start(connectionString, { TASK_RETENTION: "1 s" });
    await until(() => blobs.requests.some((request) => request.includes("comp=list")));
    const sweeps = (): number => tables.requests.filter((request) => request.includes("open-0")).length;
    const before = sweeps();
    await until(() => sweeps() >= before + 3, 6_000);
    const began = performance.now();
    expect(await host.end("SIGTERM")).toBe(0);
    expect(performance.now() - began).toBeLessThan(3_000);
  });
});

describe("while tables do not answer", () => {
  test("the host is not ready, refuses calls at shutdown with 503, and ends in order although it holds a turn", async () => {
    const { tables, connectionString } = await openEndpoints();
    const host = await start(connectionString, { LEASE_SECONDS: "30" });
    const client = await connect(host.url, "stubborn");
    const events = client.sendMessageStream(toSend({ text: "go" }));
    await readUntil(events, ({ payload }) => payload?.$case === "statusUpdate");
    tables.misbehave(() => "black-hole");
    const ready = await until(async () => {
      const found = await readiness(host);
      return found.code === 503 ? found : undefined;
    });
    expect(ready).toMatchObject({ status: "unavailable", checks: { tables: { status: "failed" } } });
    expect(ready.ms).toBeLessThan(2_000);

    events.next().catch(() => {});
    const ended = host.end("SIGTERM");
    await until(() => host.output.includes("host.stop-requested"));
    const late = await fetch(`${host.url}/agents/echo`, {
      method: "POST",
      headers: { "content-type": "application/json", "a2a-version": "1.0" },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "SendMessage",
        params: { message: { messageId: "m", role: "ROLE_USER", parts: [{ text: "go" }] } },
      }),
    });
    expect([late.status, late.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await ended).toBe(0);
    expect(host.output).toContain("turn.handover-failed");
    expect(host.output).not.toContain("host.stop-timed-out");
  });
});

describe("while one of two accounts does not answer", () => {
  test("the host starts, serves the scopes of the other, and names the one that fails", async () => {
    const [one, two] = await Promise.all([openEndpoints(), openEndpoints()]);
    two.tables.misbehave(() => "black-hole");
    two.blobs.misbehave(() => "black-hole");
    const accounts = `one=${one.connectionString}\ntwo=${two.connectionString}`;
    const host = await start(accounts);
    expect(await readiness(host)).toMatchObject({
      code: 200,
      status: "degraded",
      checks: { "tables one": { status: "ok" }, "tables two": { status: "failed" }, "queue one": { status: "ok" } },
    });
    const statuses = await Promise.all(
      Array.from({ length: 12 }, async (_, at) => {
        const response = await fetch(`${host.url}/agents/echo/tenant${at}/message:send`, {
          method: "POST",
          headers: { "content-type": "application/json", "a2a-version": "1.0" },
          body: JSON.stringify({ message: { messageId: "m", role: "ROLE_USER", parts: [{ text: LARGE }] } }),
        });
        return response.status;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([200, 503]));

    two.tables.misbehave();
    two.blobs.misbehave();
    await until(async () => (await readiness(host)).status === "ok" || undefined, 25_000);
    const client = await connect(host.url, "echo");
    const answer = await client.sendMessage(toSend({ text: LARGE }));
    expect("artifacts" in answer && toText(answer, "echo")).toBe(LARGE);
  }, 60_000);
});

/** What `find` returns once that is true. */
async function until<T>(find: () => T | Promise<T>, limit = 10_000): Promise<NonNullable<T>> {
  const end = performance.now() + limit;
  for (;;) {
    const found = await find();
    if (found) return found;
    if (performance.now() > end) throw new Error(`not within ${limit / 1_000} s`);
    await wait(50);
  }
}

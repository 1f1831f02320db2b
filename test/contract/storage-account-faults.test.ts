import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openStorageAccount } from "../../src/adapters/storage-account/storage-account.ts";
import type { StorageAccount } from "../../src/adapters/storage-account/storage-account.ts";
import { createStorageWorkQueue } from "../../src/adapters/storage-queue/work-queue.ts";
import { startAzurite } from "../../src/hosts/node/azurite.ts";
import type { Azurite } from "../../src/hosts/node/azurite.ts";
import type { OpenRow } from "../../src/ports/task-index.ts";
import type { LogWrite, TaskKey } from "../../src/ports/task-log.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import type { Fault, FaultProxy } from "../support/fault-proxy.ts";
import { freshScope, freshTask } from "./fresh.ts";

/** In ms, for an answer that never comes. */
const TIMEOUT = 1_000;
const unknown = { name: "StoreError", fault: { code: "unknown" } };
const head = "head";
const event: LogWrite = { op: "insert", row: { key: "e-0000000001", body: "event" } };

let azurite: Azurite;
let tables: FaultProxy;
let blobs: FaultProxy;
let queues: FaultProxy;
/** Through the proxies. */
let stores: StorageAccount;
/** Through the proxies, with a timeout that is worth waiting for. */
let impatient: StorageAccount;
/** Past them. */
let direct: StorageAccount;

beforeAll(async () => {
  azurite = await startAzurite();
  [tables, blobs, queues] = await Promise.all([
    startFaultProxy(azurite.tablePort),
    startFaultProxy(azurite.blobPort),
    startFaultProxy(azurite.queuePort),
  ]);
  const connectionString = azurite.connectionString
    .replace(`:${azurite.tablePort}/`, `:${tables.port}/`)
    .replace(`:${azurite.blobPort}/`, `:${blobs.port}/`)
    .replace(`:${azurite.queuePort}/`, `:${queues.port}/`);
  stores = await openStorageAccount({ connectionString });
  impatient = await openStorageAccount({ connectionString }, TIMEOUT);
  direct = await openStorageAccount(azurite);
});
beforeEach(() => {
  tables.reset();
  blobs.reset();
  queues.reset();
});
afterAll(async () => {
  await Promise.all([tables, blobs, queues].map((proxy) => proxy.close()));
  await azurite.close();
});

const lost: readonly Fault[] = ["cut-before", "unavailable"];
const effective: readonly Fault[] = ["cut-after", "hang", "stall"];

describe.each([
  ["alone", []],
  ["with rows", [event]],
] as const)("a conditional write of the head %s", (_, writes) => {
  test.each(lost)("is unknown and without effect after %j, and sent once", async (fault) => {
    const { task, etag } = await created();
    tables.inject(fault);

    await expect(stores.log.append(task, "new", writes, etag)).rejects.toMatchObject(unknown);
    expect(tables.requests).toHaveLength(1);
    expect(await direct.log.readHead(task)).toEqual({ body: head, etag });
  });

  // An update alone is answered without a body, which cannot stall.
  test.each(effective.filter((fault) => writes.length > 0 || fault !== "stall"))(
    "is unknown although it took effect after %j, and sent once",
    async (fault) => {
      const { task, etag } = await created();
      tables.inject(fault);

      await expect(impatient.log.append(task, "new", writes, etag)).rejects.toMatchObject(unknown);
      expect(tables.requests).toHaveLength(1);
      expect((await direct.log.readHead(task))?.body).toEqual("new");
      await expect(stores.log.append(task, "new", writes, etag)).rejects.toMatchObject({
        fault: { code: "conflict" },
      });
    },
  );

  test("may create a task although the answer was lost", async () => {
    const task = freshTask();
    tables.inject("cut-after");

    await expect(stores.log.create(task, head, writes)).rejects.toMatchObject(unknown);
    expect((await direct.log.readHead(task))?.body).toEqual(head);
  });

  test("is not disturbed by a slow answer", async () => {
    const { task, etag } = await created();
    tables.inject({ delay: 100 });

    await expect(stores.log.append(task, head, writes, etag)).resolves.toMatch(/./);
  });
});

describe("a read", () => {
  test.each<Fault>(["cut-before", "cut-after", "unavailable"])("is repeated after %j", async (fault) => {
    const { task, etag } = await created();
    tables.inject(fault, fault);

    expect(await stores.log.readHead(task)).toEqual({ body: head, etag });
    expect(tables.requests).toHaveLength(3);
  });

  test.each<Fault>(["hang", "stall"])("ends as unknown after %j", async (fault) => {
    const { task } = await created();
    tables.inject(fault);

    await expect(impatient.log.readTask(task)).rejects.toMatchObject(unknown);
  });
});

describe("an index", () => {
  const row = (): OpenRow => ({ scope: freshScope(), taskId: "t", agent: "echo", turn: 1, created: 1, due: 2 });

  test("repeats what may be repeated", async () => {
    const open = row();
    tables.inject("cut-after");
    await stores.index.putOpen(open);
    expect(await stores.index.listOpen(open.scope, open.agent)).toEqual([open]);

    tables.inject("cut-after");
    await stores.index.deleteOpen(open);
    expect(await stores.index.listOpen(open.scope, open.agent)).toEqual([]);
  });

  test("does not repeat a claim: it says that it cannot know", async () => {
    const open = row();
    await stores.index.putOpen(open);
    const found = (await stores.index.listDue(2, 1_000)).find((due) => due.row.scope === open.scope);
    tables.inject("cut-after");

    await expect(stores.index.claimOpen(open, found?.etag ?? "", 3)).rejects.toMatchObject(unknown);
    expect((await direct.index.listOpen(open.scope, open.agent))[0]?.due).toBe(3);
  });
});

describe("payloads", () => {
  test.each<Fault>(["cut-before", "cut-after", "unavailable"])("are put and read in spite of %j", async (fault) => {
    const task = freshTask();
    const bytes = randomBytes(100_000);
    blobs.inject(fault);
    const claim = await stores.payloads.put(task, bytes);
    blobs.inject(fault);

    expect(bytes.equals(await stores.payloads.get(task, claim))).toBe(true);
  });

  test.each<Fault>(["truncate", { trickle: 300 }])("are read whole although the answer came by %j", async (fault) => {
    const task = freshTask();
    const bytes = randomBytes(3_000_000);
    const claim = await direct.payloads.put(task, bytes);
    blobs.inject(fault);

    expect(bytes.equals(await impatient.payloads.get(task, claim))).toBe(true);
  });

  const operations: [string, (account: StorageAccount, task: TaskKey) => Promise<unknown>][] = [
    ["put", (account, task) => account.payloads.put(task, randomBytes(3_000_000))],
    ["get", async (account, task) => account.payloads.get(task, await direct.payloads.put(task, randomBytes(90_000)))],
    ["list", (account) => account.payloads.list(undefined)],
    ["delete", (account, task) => account.payloads.deleteAll(task)],
  ];

  test.each(operations)("%s ends as unknown on a connection that does not answer", async (_, run) => {
    for (const fault of ["black-hole", "hang"] as const) {
      blobs.misbehave(() => fault);
      const began = performance.now();
      await expect(run(impatient, freshTask())).rejects.toMatchObject(unknown);
      expect(performance.now() - began).toBeLessThan(3 * TIMEOUT);
      blobs.misbehave();
    }
  });

  test.each(operations)("%s is not repeated while the service asks to be left alone", async (_, run) => {
    for (const status of [429, 503]) {
      blobs.reset();
      blobs.misbehave(() => ({ status, retryAfter: 30 }));
      const fault = { code: "unknown", retryAfter: 30_000 };
      await expect(run(stores, freshTask())).rejects.toMatchObject({ fault });
      expect(blobs.requests).toHaveLength(1);
      blobs.misbehave();
    }
  });
});

describe("tables that are throttled", () => {
  test("are not asked again within the time that they name", async () => {
    const { task, etag } = await created();
    const fault = { code: "unknown", retryAfter: 30_000 };
    tables.misbehave(() => ({ status: 503, retryAfter: 30 }));
    await expect(stores.log.readHead(task)).rejects.toMatchObject({ fault });
    await expect(stores.log.readRange(task, "e-", "e-~")).rejects.toMatchObject({ fault });
    await expect(stores.log.append(task, "new", [event], etag)).rejects.toMatchObject({ fault });
    expect(tables.requests).toHaveLength(3);
    tables.misbehave();
  });
});

describe("a queue that does not answer", () => {
  test("ends a send as unknown", async () => {
    const queue = createStorageWorkQueue(impatient.queue, TIMEOUT);
    queues.misbehave(() => "black-hole");
    const message = { kind: "turn" as const, ...freshTask(), agent: "echo", turn: 1 };
    await expect(queue.send(message)).rejects.toMatchObject(unknown);
    queues.misbehave();
    await expect(queue.send(message)).resolves.toBeUndefined();
  });
});

describe("the probes", () => {
  const ask = (account: StorageAccount): Promise<unknown> =>
    Promise.all(
      account.probes.map(async ({ name, check }) => [name, await check(AbortSignal.timeout(TIMEOUT))] as const),
    ).then((results) => Object.fromEntries(results));

  test("cost one request each, and say what is wrong without an address", async () => {
    expect(await ask(stores)).toEqual({ tables: undefined, blobs: undefined, queue: undefined });
    expect([tables, blobs, queues].map(({ requests }) => requests.length)).toEqual([1, 1, 1]);

    tables.inject("unavailable");
    blobs.inject("black-hole");
    queues.inject({ status: 429, retryAfter: 5 });
    expect(await ask(stores)).toEqual({ tables: "answered 503", blobs: "no answer", queue: "answered 429" });
  });
});

describe("the account", () => {
  test("costs one request for each change and for each look at a task", async () => {
    const task = freshTask();
    const etag = await stores.log.create(task, head, [event]);
    await stores.log.append(task, head, [{ op: "put", row: { key: "s", body: head } }], etag);
    await stores.log.readHead(task);
    await stores.log.readTask(task);
    await stores.log.readRange(task, "e-", "e-~");

    expect(tables.requests.map((request) => request.split(" ")[0])).toEqual(["POST", "POST", "GET", "GET", "GET"]);
  });

  test("is opened twice without harm", async () => {
    const { task } = await created();
    const again = await openStorageAccount(azurite);

    expect((await again.log.readHead(task))?.body).toEqual(head);
  });

  test("that does not answer is an error", async () => {
    const gone = await startFaultProxy(1);
    await gone.close();
    const connectionString = azurite.connectionString.replace(`:${azurite.tablePort}/`, `:${gone.port}/`);

    await expect(openStorageAccount({ connectionString })).rejects.toThrow(/ECONNREFUSED/);
  });
});

async function created(): Promise<{ task: TaskKey; etag: string }> {
  const task = freshTask();
  return { task, etag: await direct.log.create(task, head, []) };
}

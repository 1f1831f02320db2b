import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openStorageAccount } from "../../src/adapters/storage-account/storage-account.ts";
import type { StorageAccount } from "../../src/adapters/storage-account/storage-account.ts";
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
/** Through the proxies. */
let stores: StorageAccount;
/** Through the proxies, with a timeout that is worth waiting for. */
let impatient: StorageAccount;
/** Past them. */
let direct: StorageAccount;

beforeAll(async () => {
  azurite = await startAzurite();
  [tables, blobs] = await Promise.all([startFaultProxy(azurite.tablePort), startFaultProxy(azurite.blobPort)]);
  const connectionString = azurite.connectionString
    .replace(`:${azurite.tablePort}/`, `:${tables.port}/`)
    .replace(`:${azurite.blobPort}/`, `:${blobs.port}/`);
  stores = await openStorageAccount({ connectionString });
  impatient = await openStorageAccount({ connectionString }, TIMEOUT);
  direct = await openStorageAccount(azurite);
});
beforeEach(() => {
  tables.reset();
  blobs.reset();
});
afterAll(async () => {
  await Promise.all([tables.close(), blobs.close()]);
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

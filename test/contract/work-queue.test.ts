import { randomUUID } from "node:crypto";
import { QueueServiceClient } from "@azure/storage-queue";
import type { QueueClient } from "@azure/storage-queue";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { LocalWork } from "../../src/adapters/local-work.ts";
import { createMemoryWorkQueue } from "../../src/adapters/memory/work-queue.ts";
import { createStorageLocalWork, createStorageWorkQueue } from "../../src/adapters/storage-queue/work-queue.ts";
import { createSystemClock, createSystemRandom } from "../../src/adapters/system/clock.ts";
import { startAzurite } from "../../src/hosts/node/azurite.ts";
import type { Azurite } from "../../src/hosts/node/azurite.ts";
import type { Logger } from "../../src/ports/logger.ts";
import type { WorkMessage } from "../../src/ports/work-queue.ts";

const clock = createSystemClock();
const random = createSystemRandom();
let logger = recording();
const opened: LocalWork[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((queue) => queue.close()));
  logger = recording();
});

describe("in memory", () => {
  describeLocalWork(async (concurrency) => createMemoryWorkQueue(concurrency, clock, logger));
});

describe("in a storage account", () => {
  let azurite: Azurite;
  let service: QueueServiceClient;
  beforeAll(async () => {
    azurite = await startAzurite();
    service = QueueServiceClient.fromConnectionString(azurite.connectionString);
  });
  afterAll(() => azurite.close());

  const openClient = async (): Promise<QueueClient> => {
    const client = service.getQueueClient(`q-${randomUUID()}`);
    await client.create();
    return client;
  };
  const openWork = (client: QueueClient, concurrency = 10, lease = 90_000): LocalWork => {
    const work = createStorageLocalWork({ client, concurrency, lease, clock, random, logger });
    opened.push(work);
    return work;
  };

  describeLocalWork(async (concurrency) => openWork(await openClient(), concurrency));

  test("a message that one process sent reaches another", async () => {
    const client = await openClient();
    await createStorageWorkQueue(client).send(message(1));
    const taken = takeAll(openWork(client));

    await vi.waitFor(() => expect(taken).toEqual([1]));
    await vi.waitFor(async () => expect((await client.getProperties()).approximateMessagesCount).toBe(0));
  });

  test("what is offered here begins at once, and is hidden from others meanwhile", async () => {
    const client = await openClient();
    const [here, there] = [openWork(client), openWork(client)];
    const [own, others] = [takeAll(here), takeAll(there)];
    const sent = performance.now();
    await here.send(message(1));
    await vi.waitFor(() => expect(own).toEqual([1]));

    // Two looks of the other one, at most a second apart, have passed by then.
    await there.send(message(2));
    await vi.waitFor(() => expect(performance.now() - sent).toBeGreaterThan(2_500), 5_000);
    expect([own, others]).toEqual([[1], [2]]);
  });

  test("what was offered to a process that died reaches another", async () => {
    const client = await openClient();
    const dying = openWork(client, 10, 1_000);
    dying.take(() => new Promise(() => {}));
    await dying.send(message(1));
    // It looks no more, and never finishes what it began.
    void dying.close();
    opened.splice(0);
    const taken = takeAll(openWork(client));

    await vi.waitFor(() => expect(taken).toEqual([1]), 5_000);
  });

  test.each([
    "no json",
    "{}",
    '{"kind":"turn","scope":1}',
    '"text"',
    "null",
    '{"kind":"other","scope":"s","taskId":"t"}',
  ])("%j is no message: it is logged and removed", async (text) => {
    const client = await openClient();
    await client.sendMessage(text);
    const taken = takeAll(openWork(client));

    await vi.waitFor(async () => expect((await client.getProperties()).approximateMessagesCount).toBe(0), 5_000);
    expect([taken, logger.events]).toEqual([[], ["work.dropped"]]);
  });

  test("messages are text that a queue trigger reads", async () => {
    const client = await openClient();
    await createStorageWorkQueue(client).send(message(1));
    const [received] = (await client.receiveMessages()).receivedMessageItems;

    expect(JSON.parse(received?.messageText ?? "")).toEqual(message(1));
  });
});

/** What both queues do. */
function describeLocalWork(open: (concurrency: number) => Promise<LocalWork>): void {
  test("keeps messages until they are received", async () => {
    const queue = await open(1);
    await queue.send(message(1));
    const taken = takeAll(queue);
    await queue.send(message(2));

    await vi.waitFor(() => expect(new Set(taken)).toEqual(new Set([1, 2])), 5_000);
  });

  test("hands out as many at once as it may, and the rest as those end", async () => {
    const queue = await open(2);
    const begun: number[] = [];
    const ends = [1, 2, 3].map(() => Promise.withResolvers<void>());
    for (const turn of [1, 2, 3]) {
      await queue.send(message(turn));
    }
    queue.take((given) => {
      begun.push(turnOf(given));
      return ends[turnOf(given) - 1]?.promise ?? Promise.resolve();
    });
    await vi.waitFor(() => expect(begun).toHaveLength(2));
    const [first = 0] = begun;
    ends[first - 1]?.resolve();

    await vi.waitFor(() => expect(new Set(begun)).toEqual(new Set([1, 2, 3])), 5_000);
    ends.forEach(({ resolve }) => resolve());
  });

  test("gives a message again whose handler failed", async () => {
    const queue = await open(1);
    const deliveries: number[] = [];
    queue.take(async () => {
      deliveries.push(performance.now());
      if (deliveries.length === 1) throw new Error("busy");
    });
    await queue.send(message(1), 1);

    await vi.waitFor(() => expect(deliveries).toHaveLength(2), 8_000);
    expect(logger.events).toEqual(["work.postponed"]);
  });

  test("gives a message not before its time", async () => {
    const queue = await open(1);
    const taken = takeAll(queue);
    const sent = performance.now();
    await queue.send(message(1), 1_500);

    await vi.waitFor(() => expect(taken).toEqual([1]), 8_000);
    // The store counts whole seconds, and its own.
    expect(performance.now() - sent).toBeGreaterThan(900);
  });

  test("closes after the running ones, and begins no other", async () => {
    const queue = await open(1);
    const end = Promise.withResolvers<void>();
    const begun: number[] = [];
    await queue.send(message(1));
    await queue.send(message(2));
    queue.take((given) => {
      begun.push(turnOf(given));
      return end.promise;
    });
    await vi.waitFor(() => expect(begun).toHaveLength(1));
    let isClosed = false;
    const closing = queue.close().then(() => (isClosed = true));
    await Promise.resolve();

    expect(isClosed).toBe(false);
    end.resolve();
    await closing;
    expect(begun).toHaveLength(1);
  });
}

function takeAll(queue: LocalWork): number[] {
  const taken: number[] = [];
  queue.take(async (given) => void taken.push(turnOf(given)));
  return taken;
}

function message(turn: number): WorkMessage {
  return { kind: "turn", scope: "0".repeat(32), taskId: "t", agent: "echo", turn };
}

function turnOf(given: WorkMessage): number {
  return given.kind === "turn" ? given.turn : 0;
}

function recording(): Logger & { readonly events: string[] } {
  const events: string[] = [];
  const note = (event: string): void => void events.push(event);
  return { events, info: note, warn: note, error: note };
}

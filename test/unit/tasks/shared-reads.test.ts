import { describe, expect, test } from "vitest";
import { createWireEvents } from "../../../src/protocol/streams/wire-events.ts";
import type { TaskEvents } from "../../../src/tasks/task-engine.ts";
import { createFixture, settle } from "./engine-fixture.ts";
import type { Fixture } from "./engine-fixture.ts";

const MB = 1_000_000;

/** A task of `count` artifacts of 1 MB, which waits for input or has ended. */
async function createWorld(count: number, waits = false) {
  const fixture = createFixture(async (turn) => {
    for (let at = 0; at < count; at += 1) {
      await turn.artifact(`a${at}`).close(String(at % 10).repeat(MB));
    }
    await (waits ? turn.ask("and?") : turn.complete("done"));
  });
  const { id } = await fixture.send("go");
  const reads = countReads(fixture);
  return { ...fixture, id, reads };
}

function countReads({ parts: { log, payloads } }: Fixture) {
  const reads = { rows: 0, tasks: 0, bytes: 0 };
  const readRange = log.readRange.bind(log);
  log.readRange = (...given) => {
    reads.rows += 1;
    return readRange(...given);
  };
  const readTask = log.readTask.bind(log);
  log.readTask = (...given) => {
    reads.tasks += 1;
    return readTask(...given);
  };
  const get = payloads.get.bind(payloads);
  payloads.get = (task, claim) => {
    reads.bytes += claim.bytes;
    return get(task, claim);
  };
  return reads;
}

async function take(events: TaskEvents, count: number) {
  const taken = [];
  for (let at = 0; at < count; at += 1) {
    taken.push((await events.next()).value);
  }
  return taken;
}

describe("readers of one task", () => {
  test("that begin at the same place share one read and one copy", async () => {
    const { durable, call, id, reads } = await createWorld(12);
    const streams = await Promise.all(
      Array.from({ length: 20 }, () => durable.subscribe(call({ lastEventId: 0 }), { id })),
    );
    const first = await Promise.all(streams.map((events) => take(events, 3)));
    expect(new Set(first.map(([, , event]) => event)).size).toBe(1);
    expect(first[0]?.[2]?.generation).toBe(3);
    expect(reads.bytes).toBeLessThanOrEqual(4 * MB);
    expect(reads.tasks).toBe(0);
    await Promise.all(streams.map((events) => events.return()));
  });

  test("share what one of them has read, however they interleave, and see every event in order", async () => {
    const { durable, call, id, reads } = await createWorld(12);
    const streams = await Promise.all(
      Array.from({ length: 8 }, () => durable.subscribe(call({ lastEventId: 0 }), { id })),
    );
    const seen = streams.map(() => [] as number[]);
    for (let round = 0; round < 14 * 8; round += 1) {
      const at = (round * 5) % 8;
      const next = await streams[at]?.next();
      if (next && !next.done) {
        seen[at]?.push(next.value.generation);
      }
    }
    expect(seen).toEqual(streams.map(() => Array.from({ length: 14 }, (_, at) => at + 1)));
    // All 12 MB once; a read ends at 1 MiB, and the next begins behind it.
    expect(reads.bytes).toBe(12 * MB);
    await Promise.all(streams.map((events) => events.return()));
  });

  test("read at most about 1 MiB ahead of the slowest need", async () => {
    const { durable, call, id, reads } = await createWorld(30);
    const events = await durable.subscribe(call({ lastEventId: 0 }), { id });
    await take(events, 2);
    expect(reads.bytes).toBeLessThanOrEqual(2 * MB);
    await events.return();
  });

  test("that begin with a snapshot share it, and the text that is made of it", async () => {
    const { durable, call, id, reads } = await createWorld(12, true);
    const streams = await Promise.all(Array.from({ length: 20 }, () => durable.subscribe(call(), { id })));
    const wire = streams.map((events) => createWireEvents(events, 1024 * 1024));
    const second = [];
    for (const events of wire) {
      await events.next();
      second.push((await events.next()).value?.json);
    }
    expect(reads.tasks).toBe(1);
    expect(reads.bytes).toBe(12 * MB);
    expect(new Set(second).size).toBe(1);
    // Another that comes while they still send it reads nothing more.
    const late = await durable.subscribe(call(), { id });
    expect(reads.tasks).toBe(1);
    await Promise.all([late, ...streams].map((events) => events.return()));
    await (await durable.subscribe(call(), { id })).return();
    expect(reads.tasks).toBe(2);
  });

  test("get a snapshot that is as new as what was seen before they subscribed", async () => {
    let go = Promise.withResolvers<void>();
    const fixture = createFixture(async (turn) => {
      for (const text of ["one", "two", "three"]) {
        await turn.working(text);
        await go.promise;
        go = Promise.withResolvers<void>();
      }
      await turn.ask("and?");
    });
    const { durable, call, parts } = fixture;
    const sent = fixture.send("go");
    await settle();
    const [first] = (await durable.list(call(), LIST)).tasks;
    const id = first?.task.id ?? "";
    // A read that is slow to answer, with what it saw when it was sent.
    const readTask = parts.log.readTask.bind(parts.log);
    const slow = Promise.withResolvers<void>();
    parts.log.readTask = async (key) => {
      const read = await readTask(key);
      await slow.promise;
      return read;
    };
    const early = durable.subscribe(call(), { id });
    await settle();
    go.resolve();
    await settle();
    const late = durable.subscribe(call(), { id });
    await settle();
    slow.resolve();
    const [one, other] = await Promise.all([early, late]);
    expect((await one.next()).value?.generation).toBe(2);
    expect((await other.next()).value?.generation).toBe(3);
    await Promise.all([one.return(), other.return()]);
    for (let at = 0; at < 2; at += 1) {
      go.resolve();
      await settle();
    }
    await sent;
  });
});

const LIST = {
  tenant: "",
  contextId: "",
  status: 0,
  pageSize: undefined,
  pageToken: "",
  historyLength: undefined,
  statusTimestampAfter: undefined,
  includeArtifacts: undefined,
};

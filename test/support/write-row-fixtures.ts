import { mkdirSync, writeFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { Task } from "@a2a-js/sdk";
import { createMemoryPayloads } from "../../src/adapters/memory/payloads.ts";
import { createMemoryTaskIndex } from "../../src/adapters/memory/task-index.ts";
import { createMemoryTaskLog } from "../../src/adapters/memory/task-log.ts";
import type { Payloads } from "../../src/ports/payloads.ts";
import { SCHEMA } from "../../src/tasks/log/head.ts";
import type { Call } from "../../src/tasks/task-engine.ts";
import { createFixtureEngine, toCommand, WRITTEN_AT } from "./row-fixture-engine.ts";
import type { Stores } from "./row-fixture-engine.ts";
import type { RowFixture } from "./row-fixture.ts";

/**
 * Writes the rows that this version stores into test/fixtures/rows-v{schema}. Run once for each new schema. Existing
 * fixtures are kept: a test checks that rows of earlier versions can still be read.
 */
const folder = new URL(`../fixtures/rows-v${SCHEMA}/`, import.meta.url);

await write("completed", async ({ engine, call }) => {
  await engine.send(call(), toCommand("complete"));
});
await write("asking", async ({ engine, call }) => {
  await engine.send(call(), toCommand("ask"));
});
await write("keyed", async ({ engine, call }) => {
  await engine.send(call({ idempotencyKey: "key-1" }), toCommand("ask"));
});
await write("canceled", async ({ engine, call }) => {
  const id = await begin(engine.stream(call(), toCommand("wait")));
  await engine.cancel(call(), { id });
});
await write("crashed", async ({ engine, call, steps }) => {
  await begin(engine.stream(call(), toCommand("steps")));
  while (steps.length === 0) await wait(1);
  await wait(100);
});
process.exit();

async function write(name: string, run: (fixture: ReturnType<typeof createFixtureEngine>) => Promise<void>) {
  const contents: Record<string, string> = {};
  const stores: Stores = {
    log: createMemoryTaskLog(),
    index: createMemoryTaskIndex(),
    payloads: recordPayloads(contents),
  };
  const fixture = createFixtureEngine(stores, WRITTEN_AT);
  await run(fixture);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    new URL(`${name}.json`, folder),
    JSON.stringify(await collect(stores, contents, fixture.call()), null, 2),
    {
      flag: "wx",
    },
  );
  console.log(`rows-v${SCHEMA}/${name}.json`);

  async function collect({ log, index }: Stores, payloads: Record<string, string>, call: Call): Promise<RowFixture> {
    const { tasks } = await log.listTasks(undefined);
    const [task] = tasks;
    const head = task && (await log.readHead(task));
    if (!head || tasks.length > 1) throw new Error(`${name}: ${tasks.length} tasks`);
    const rows = await log.readRange(task, "", "~");
    const { scope, agent } = { scope: task.scope, agent: call.agent.id };
    const done = await index.listDone(scope, agent, {}, undefined, 10);
    return {
      task,
      head: JSON.parse(head.body),
      rows: Object.fromEntries(rows.map(({ key, body }) => [key, JSON.parse(body)])),
      payloads,
      open: await index.listOpen(scope, agent),
      done: done.map((row) => ({ ...row, projection: JSON.parse(row.projection) })),
      expected: Task.toJSON(await fixture.engine.get(call, { id: task.taskId })) as object,
    };
  }
}

function recordPayloads(contents: Record<string, string>): Payloads {
  const payloads = createMemoryPayloads();
  return {
    ...payloads,
    async put(task, bytes) {
      const claim = await payloads.put(task, bytes);
      contents[claim.sha256] = Buffer.from(bytes).toString("base64");
      return claim;
    },
  };
}

async function begin(events: ReturnType<ReturnType<typeof createFixtureEngine>["engine"]["stream"]>): Promise<string> {
  const { value } = await events.next();
  return value?.response.payload?.$case === "task" ? value.response.payload.value.id : "";
}

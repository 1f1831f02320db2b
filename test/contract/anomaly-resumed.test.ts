import { Message } from "@a2a-js/sdk";
import type { Task } from "@a2a-js/sdk";
import { describe, expect, test, vi } from "vitest";
import { createMemoryTaskLog } from "../../src/adapters/memory/task-log.ts";
import { anomaly } from "../../src/agents/anomaly/anomaly.ts";
import { STAGES } from "../../src/agents/anomaly/detect.ts";
import { createRegistry } from "../../src/agents/registry.ts";
import type { LogWrite, TaskLog } from "../../src/ports/task-log.ts";
import { createEngine } from "../../src/tasks/engine.ts";
import { createPlainEngine } from "../support/plain-engine.ts";
import type { EngineParts } from "../../src/tasks/engine-parts.ts";
import { createFixture, LEASE } from "../unit/tasks/engine-fixture.ts";

/** Just over what is analyzed in steps: 90,000 readings, a spike and a shift among them. */
const csv = Array.from({ length: 90_000 }, (_, at) => {
  const usual = Math.sin(at / 229) * 9 + ((at * 7919) % 100) / 100 + (at > 60_000 ? 3 : 0);
  return `${new Date(17e11 + at * 60_000).toISOString()},${(at === 30_000 ? 60 : usual).toFixed(2)}`;
}).join("\n");
const message = Message.fromJSON({
  messageId: "m",
  role: "ROLE_USER",
  parts: [{ raw: Buffer.from(csv).toString("base64"), mediaType: "text/csv", filename: "long.csv" }],
});

/** Two instances that write to one log; of each it notes the steps that it stored. The first dies after `lives` of them. */
function createWorld(lives: number) {
  const memory = createMemoryTaskLog();
  const { parts, clock, queued, call } = createFixture(async () => {});
  const stored: string[][] = [[], []];
  const note = (instance: number, writes: readonly LogWrite[]) => {
    const rows = writes.flatMap((write) => (write.op !== "delete" && /^k-\d/.test(write.row.key) ? write.row : []));
    stored[instance]?.push(...rows.map(({ body }) => JSON.parse(body).name));
  };
  const logOf = (instance: number): TaskLog => ({
    ...memory,
    async create(task, head, writes) {
      note(instance, writes);
      return memory.create(task, head, writes);
    },
    async append(task, head, writes, etag) {
      // A process that was killed: nothing that it does arrives, and it hears of nothing.
      if (instance === 0 && (stored[0]?.length ?? 0) >= lives) return new Promise<never>(() => {});
      const written = await memory.append(task, head, writes, etag);
      note(instance, writes);
      return written;
    },
  });
  const engineOf = (instance: number) => {
    const own: EngineParts = {
      ...parts,
      instance: `${instance}`,
      log: logOf(instance),
      registry: createRegistry([anomaly]),
    };
    return createPlainEngine(createEngine(own));
  };
  return { engineOf, stored, clock, queued, call: () => call({ agent: anomaly }) };
}

const request = { tenant: "", message, configuration: undefined, metadata: undefined };

/** What the agent made, without what differs from task to task. */
function resultOf({ artifacts, status }: Task): unknown {
  return { artifacts, said: status?.message?.parts };
}

describe("a turn of the anomaly agent over a long series", () => {
  test("that is resumed after a crash repeats no completed step and gives the same", async () => {
    const undisturbed = createWorld(Infinity);
    const expected = (await undisturbed.engineOf(0).send(undisturbed.call(), request)) as Task;
    expect(undisturbed.stored[0]).toEqual([...STAGES]);
    expect(expected.artifacts.map(({ artifactId }) => artifactId)).toEqual(["anomalies", "plot", "summary"]);

    const { engineOf, stored, clock, queued, call } = createWorld(3);
    const [first, second] = [engineOf(0), engineOf(1)];
    const events = first.stream(call(), request);
    const { value } = await events.next();
    // Who dies looks at nothing any more.
    await events.return();
    const id = value?.response.payload?.$case === "task" ? value.response.payload.value.id : "";
    await vi.waitFor(() => expect(stored[0]).toHaveLength(3), 10_000);
    await clock.advance(LEASE * 3);
    await second.sweep();
    await Promise.all(queued.splice(0).flatMap((work) => (work.kind === "turn" ? second.work(work) : [])));

    const task = await second.get(call(), { id });
    expect(stored).toEqual([STAGES.slice(0, 3), STAGES.slice(3)]);
    expect(resultOf(task)).toEqual(resultOf(expected));
  });
});

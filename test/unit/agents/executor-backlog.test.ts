import { TaskState } from "@a2a-js/sdk";
import type { Part, Task } from "@a2a-js/sdk";
import type { ExecutionEventBus } from "@a2a-js/sdk/server";
import { describe, expect, test } from "vitest";
import { createExecutorBacklog } from "../../../src/agents/executor-backlog.ts";
import { fromExecutor } from "../../../src/agents/from-executor.ts";
import { createFixture, messageOf, saidBy, settle } from "../tasks/engine-fixture.ts";
import type { Fixture } from "../tasks/engine-fixture.ts";

const card = { name: "e", description: "e", skills: [{ id: "s", name: "s", description: "s", tags: [] }] };
const MB = 1_000_000;

/** An executor that publishes everything at once, as a loop without `await` does. */
function createWorld(publish: (bus: Bus) => void): Fixture {
  const executor = fromExecutor(
    {
      async execute({ taskId, contextId }, bus) {
        publish(toBus(bus, taskId, contextId));
        bus.finished();
      },
      async cancelTask() {},
    },
    { id: "test", version: "1.0.0", card },
  );
  return createFixture((turn) => executor.run(turn), { replies: "either", onCrash: "fail" });
}

interface Bus {
  chunk(id: string, part: Partial<Part>, append?: boolean): void;
  status(state: TaskState, text: string): void;
}

function toBus(bus: ExecutionEventBus, taskId: string, contextId: string): Bus {
  return {
    chunk(artifactId, part, append = false) {
      const parts = [{ content: undefined, metadata: undefined, filename: "", mediaType: "", ...part }];
      const artifact = { artifactId, name: "", description: "", parts, metadata: undefined, extensions: [] };
      const data = { taskId, contextId, artifact, append, lastChunk: !append, metadata: undefined };
      bus.publish({ kind: "artifactUpdate", data });
    },
    status(state, text) {
      const message = { ...messageOf(text), role: 2, taskId, contextId };
      const data = { taskId, contextId, status: { state, message, timestamp: undefined }, metadata: undefined };
      bus.publish({ kind: "statusUpdate", data });
    },
  };
}

const text = (value: string): Partial<Part> => ({ content: { $case: "text", value } });

describe("an executor that publishes faster than the log takes it", () => {
  test("loses nothing of 40 MB in one loop, and keeps the order", async () => {
    const { send, replay } = createWorld((bus) => {
      for (let at = 0; at < 40; at += 1) {
        bus.chunk(`a${at}`, text(String(at % 10).repeat(MB)));
        bus.status(TaskState.TASK_STATE_WORKING, `wrote ${at}`);
      }
      bus.status(TaskState.TASK_STATE_COMPLETED, "done");
    });
    const task = await send("go");
    expect(saidBy(task)).toBe("done");
    expect(task.artifacts.map(({ artifactId }) => artifactId)).toEqual(Array.from({ length: 40 }, (_, at) => `a${at}`));
    expect(task.artifacts.map(lengthOf)).toEqual(Array.from({ length: 40 }, () => MB));
    const events = await replay(task.id);
    expect(events.map(({ generation }) => generation)).toEqual(events.map((_, at) => at + 1));
  });

  test("loses nothing of thousands of small events", async () => {
    const { send } = createWorld((bus) => {
      for (let at = 0; at < 6_000; at += 1) {
        bus.status(TaskState.TASK_STATE_WORKING, `${at} ${"x".repeat(1_000)}`);
      }
      bus.status(TaskState.TASK_STATE_COMPLETED, "done");
    });
    const task = await send("go");
    expect(saidBy(task)).toBe("done");
    expect(
      task.history.slice(1).map(({ parts: [part] }) => Number(String(part?.content?.value).split(" ")[0])),
    ).toEqual(Array.from({ length: 6_000 }, (_, at) => at));
  });

  test("may use its buffer again at once", async () => {
    const bytes = Buffer.alloc(MB);
    const { send } = createWorld((bus) => {
      for (let at = 0; at < 10; at += 1) {
        bytes.fill(at);
        bus.chunk(`a${at}`, { content: { $case: "raw", value: bytes } });
      }
      bus.status(TaskState.TASK_STATE_COMPLETED, "done");
    });
    const task = await send("go");
    const firstBytes = task.artifacts.map(({ parts: [part] }) =>
      Number((part?.content?.value as Uint8Array | undefined)?.[0]),
    );
    expect(firstBytes).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("fails beyond 64 MiB, and says why", async () => {
    const { send } = createWorld((bus) => {
      for (let at = 0; at < 80; at += 1) {
        bus.chunk(`a${at}`, text("x".repeat(MB)));
      }
      bus.status(TaskState.TASK_STATE_COMPLETED, "done");
    });
    const task = await send("go");
    expect(task.status?.state).toBe(TaskState.TASK_STATE_FAILED);
    expect(saidBy(task)).toBe("The agent published more than 64 MiB faster than its task could be stored.");
  });
});

describe("the backlog of an executor", () => {
  test("gives the log at most 4 MiB at once, and one event that is larger alone", async () => {
    const backlog = createExecutorBacklog();
    const ended: (() => void)[] = [];
    const add = (bytes: number): void =>
      backlog.add(bytes, () => new Promise<void>((resolve) => void ended.push(resolve)));
    add(3 * MB);
    add(1 * MB);
    add(1 * MB);
    add(9 * MB);
    add(1);
    expect(ended).toHaveLength(2);
    ended[0]?.();
    await settle();
    expect(ended).toHaveLength(3);
    ended[1]?.();
    ended[2]?.();
    await settle();
    expect(ended).toHaveLength(4);
    ended[3]?.();
    await settle();
    expect(ended).toHaveLength(5);
    ended[4]?.();
    await backlog.settled();
  });

  test("sends nothing after a refused event, and ends with its error", async () => {
    const backlog = createExecutorBacklog();
    const sent: string[] = [];
    backlog.add(MB, () => Promise.reject(new Error("too large")));
    backlog.add(
      10,
      async () => {
        sent.push("end");
      },
      true,
    );
    await expect(backlog.settled()).rejects.toThrow("too large");
    backlog.add(10, async () => {
      sent.push("late");
    });
    expect(sent).toEqual([]);
  });

  test("sends an end at once after small events, so that they share a commit", () => {
    const backlog = createExecutorBacklog();
    let isEnded = false;
    backlog.add(100, () => new Promise(() => {}));
    backlog.add(
      100,
      async () => {
        isEnded = true;
      },
      true,
    );
    expect(isEnded).toBe(true);
  });
});

function lengthOf({ parts }: Task["artifacts"][number]): number {
  return parts.reduce((sum, { content }) => sum + String(content?.value).length, 0);
}

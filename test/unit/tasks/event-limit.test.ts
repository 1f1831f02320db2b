import { StreamResponse, TaskState } from "@a2a-js/sdk";
import { describe, expect, test } from "vitest";
import { fromExecutor } from "../../../src/agents/from-executor.ts";
import type { Content, Turn } from "../../../src/ports/agent.ts";
import { splitEvent } from "../../../src/protocol/streams/split-event.ts";
import { toParts } from "../../../src/tasks/turn/content.ts";
import { toSizeRefusal } from "../../../src/tasks/turn/event-limit.ts";
import { agentMessage, statusUpdate } from "../../../src/tasks/log/status-update.ts";
import { createFixture, messageOf, saidBy } from "./engine-fixture.ts";

const MAX = 64 * 1024;

function status(content: Content): StreamResponse {
  const message = agentMessage("m", "t", "c", toParts(content));
  return statusUpdate("t", "c", TaskState.TASK_STATE_WORKING, message);
}

function chunk(content: Content, metadata?: Record<string, unknown>, more: object = {}): StreamResponse {
  const artifact = {
    artifactId: "a",
    name: "name",
    description: "",
    parts: toParts(content),
    metadata,
    extensions: [],
    ...more,
  };
  const value = { taskId: "t", contextId: "c", artifact, append: false, lastChunk: true, metadata: undefined };
  return { payload: { $case: "artifactUpdate", value } };
}

describe("the size of what an agent emits", () => {
  const long = "x".repeat(60_000);
  const refused: [string, StreamResponse, RegExp][] = [
    [
      "a status message",
      status(long),
      /^The status message has 6\d{4} bytes as JSON, but one event carries at most 49152/,
    ],
    ["a status message of escapes", status("\u0001".repeat(9_000)), /^The status message has 54\d{3} bytes/],
    ["a status message of bytes", status([{ raw: new Uint8Array(40_000) }]), /^The status message has 53\d{3} bytes/],
    ["a data part", chunk([{ text: "a" }, { data: { long } }]), /^Part 1 \(data\) of artifact "a" has 60\d{3} bytes/],
    ["a URL", chunk([{ url: `data:text/plain,${long}` }]), /^Part 0 \(url\) of artifact "a"/],
    ["metadata of an artifact", chunk("a", { long }), /^The metadata of artifact "a" has 60\d{3} bytes/],
    ["a description", chunk("a", undefined, { description: long }), /^The metadata of artifact "a"/],
    ["extensions", chunk("a", undefined, { extensions: [long] }), /^The metadata of artifact "a"/],
    ["metadata of a part", chunk([{ text: "a", metadata: { long } }]), /^The metadata of artifact "a"/],
    [
      "data beside the artifact's metadata",
      chunk([{ data: "d".repeat(30_000) }], { long: "m".repeat(30_000) }),
      /^Part 0/,
    ],
  ];

  test.each(refused)("is refused for %s that no event could carry, with the remedy", (_what, response, why) => {
    expect(toSizeRefusal(response, MAX)).toMatch(why);
    expect(toSizeRefusal(response, MAX)).toContain("Use an artifact with text or raw parts instead");
    expect(toSizeRefusal(response, 1024 * 1024)).toBeUndefined();
  });

  const accepted: [string, StreamResponse][] = [
    ["any text", chunk("😀\n".repeat(200_000), { m: "m".repeat(30_000) })],
    ["any bytes", chunk([{ raw: new Uint8Array(1_000_000), metadata: { m: "m".repeat(36_000) } }])],
    ["data that just fits", chunk([{ data: "d".repeat(48_000) }, { data: "d".repeat(48_000) }])],
    ["data after metadata", chunk(["a", { data: "d".repeat(48_000) }], { m: "é".repeat(17_000) })],
    ["a status message that just fits", status("x".repeat(48_000))],
    ["a long name", chunk(["\u0001".repeat(300_000)], undefined, { name: "é".repeat(4_000) })],
  ];

  test.each(accepted)("is accepted for %s, and every event of a stream keeps the limit", (_what, response) => {
    expect(toSizeRefusal(response, MAX)).toBeUndefined();
    const sizes = splitEvent(response, MAX).map((piece) =>
      Buffer.byteLength(JSON.stringify(StreamResponse.toJSON(piece))),
    );
    expect(Math.max(...sizes)).toBeLessThanOrEqual(MAX - 16 * 1024);
  });
});

describe("an agent whose event is too large", () => {
  const long = "x".repeat(2_000_000);
  const calls: [string, (turn: Turn) => Promise<unknown>][] = [
    ["working", (turn) => turn.working(long)],
    ["ask", (turn) => turn.ask(long)],
    ["complete", (turn) => turn.complete(long)],
    ["reply", (turn) => turn.reply(long)],
    ["artifact", (turn) => turn.artifact("a").close([{ data: { long } }])],
  ];

  test.each(calls)("may go on after %s has rejected", async (_name, call) => {
    for (const replies of ["task", "either"] as const) {
      const { send, replay } = createFixture(
        async (turn) => {
          await expect(call(turn)).rejects.toThrow(/has 2000\d{3} bytes as JSON/);
          await turn.artifact("a").close(long);
          await turn.complete("see the artifact");
        },
        { replies },
      );
      const task = await send("go");
      expect(saidBy(task)).toBe("see the artifact");
      expect(task.artifacts[0]?.parts[0]?.content?.value).toHaveLength(2_000_000);
      expect(JSON.stringify(await replay(task.id)).length).toBeLessThan(2_100_000);
    }
  });

  test.each(calls)("that does not catch the error of %s fails with its text", async (_name, call) => {
    const { send } = createFixture(async (turn) => void (await call(turn)));
    const task = await send("go");
    expect(task.status?.state).toBe(TaskState.TASK_STATE_FAILED);
    expect(saidBy(task)).toMatch(
      /has 2000\d{3} bytes as JSON, but one event carries at most 1032192 \(MAX_SSE_EVENT\)/,
    );
  });

  test("is an executor whose task fails with the text, whatever it publishes after that", async () => {
    const card = { name: "e", description: "e", skills: [{ id: "s", name: "s", description: "s", tags: [] }] };
    const executor = fromExecutor(
      {
        async execute({ taskId, contextId }, bus) {
          const publish = (state: TaskState, text: string): void => {
            const message = { ...messageOf(text), role: 2, taskId, contextId };
            const data = { taskId, contextId, status: { state, message, timestamp: undefined }, metadata: undefined };
            bus.publish({ kind: "statusUpdate", data });
          };
          publish(TaskState.TASK_STATE_WORKING, long);
          publish(TaskState.TASK_STATE_COMPLETED, "done");
          bus.finished();
        },
        async cancelTask() {},
      },
      { id: "test", version: "1.0.0", card },
    );
    const { send } = createFixture((turn) => executor.run(turn), { replies: "either", onCrash: "fail" });
    const task = await send("go");
    expect(task.status?.state).toBe(TaskState.TASK_STATE_FAILED);
    expect(saidBy(task)).toMatch(/^The status message has 2000\d{3} bytes as JSON/);
  });
});

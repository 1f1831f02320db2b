import { TaskState } from "@a2a-js/sdk";
import { describe, expect, test } from "vitest";
import type { Call, LoggedResponse } from "../../../src/tasks/task-engine.ts";
import { TaskError } from "../../../src/tasks/task-fault.ts";
import type { PlainEngine } from "../../support/plain-engine.ts";
import {
  artifactUpdate,
  createFakeGateway,
  legacyMessage,
  parseEvents,
  post,
  readEvents,
  rpc,
  snapshot,
  statusUpdate,
  STREAMS,
  toTask,
  userMessage,
} from "./fake-gateway.ts";

const working = { ...toTask({}, TaskState.TASK_STATE_WORKING), artifacts: [] };
const subscribe = rpc("SubscribeToTask", { id: "t-1" });

/** A task that is watched: events come when the test says so, and the stream ends when its signal aborts. */
function createWatchedTask() {
  let wake = (): void => {};
  const events: (LoggedResponse | Error)[] = [];
  const seen: { call?: Call; asked: number; returned: boolean } = { asked: 0, returned: false };
  const engine: Partial<PlainEngine> = {
    async *subscribe(call) {
      seen.call = call;
      call.signal.addEventListener("abort", () => wake());
      try {
        yield snapshot(4, working);
        while (!call.signal.aborted) {
          seen.asked += 1;
          const next = events.shift();
          if (next instanceof Error) {
            throw next;
          }
          if (next) {
            yield next;
          } else {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
        }
      } finally {
        seen.returned = true;
      }
    },
  };
  const publish = (event: LoggedResponse | Error): void => {
    events.push(event);
    wake();
  };
  return { engine, publish, seen };
}

function read(response: Response) {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const next = async (): Promise<string | undefined> => (await reader?.read())?.value;
  return { next, cancel: () => reader?.cancel() };
}

describe("a stream", () => {
  test("begins with a comment and tells each event's generation", async () => {
    const { fetch } = createFakeGateway();
    const response = await fetch("/agents/echo", rpc("SendStreamingMessage", { message: userMessage }));
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "text/event-stream",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
    });
    const text = await response.text();
    expect(text.startsWith(":\nid: 1\ndata: ")).toBe(true);
    expect(parseEvents(text).map(({ id, data }) => [id, data.id, Object.keys(data.result)[0]])).toEqual([
      ["1", 7, "task"],
      ["2", 7, "artifactUpdate"],
      ["3", 7, "statusUpdate"],
    ]);
  });

  test("of an agent that replies with a Message has no id", async () => {
    const stream: PlainEngine["stream"] = async function* (_call, request) {
      if (request.message) {
        yield { generation: 0, response: { payload: { $case: "message", value: request.message } } };
      }
    };
    const { fetch } = createFakeGateway({ stream });
    const events = await readEvents(await fetch("/message:stream", post({ message: userMessage })));
    expect(events).toEqual([{ id: undefined, event: undefined, data: { message: userMessage } }]);
  });

  test("that is refused is an ordinary error on every binding", async () => {
    const fail: PlainEngine["stream"] = async function* () {
      throw new TaskError({ code: "unavailable", message: "no store", retryAfter: 2 });
      // oxlint-disable-next-line no-unreachable
      yield statusUpdate(1, TaskState.TASK_STATE_WORKING);
    };
    const { fetch } = createFakeGateway({ stream: fail });
    for (const [url, init] of [
      ["/agents/echo", rpc("SendStreamingMessage", { message: userMessage })],
      ["/agents/echo", rpc("message/stream", { message: legacyMessage }, "")],
      ["/message:stream", post({ message: userMessage })],
      [
        "/v1/message:stream",
        post({ message: { messageId: "m", role: "ROLE_USER", content: [{ text: "a" }] } }, { "a2a-version": "" }),
      ],
    ] as const) {
      const response = await fetch(url, init);
      expect([response.status, response.headers.get("retry-after")]).toEqual([503, "2"]);
      expect(response.headers.get("content-type")).toMatch(/json$/);
    }
  });

  test("that fails later ends with one error event", async () => {
    const { engine, publish } = createWatchedTask();
    const { fetch, logged } = createFakeGateway(engine);
    publish(statusUpdate(5, TaskState.TASK_STATE_WORKING));
    publish(new Error("secret"));
    const events = await readEvents(await fetch("/agents/echo", subscribe));
    expect(events).toHaveLength(3);
    expect(events[2]).toMatchObject({
      id: undefined,
      event: "error",
      data: { jsonrpc: "2.0", id: 7, error: { code: -32603 } },
    });
    expect(JSON.stringify(events)).not.toContain("secret");
    expect(logged).toHaveLength(1);
  });

  test("aborts its call and ends the engine's generator when the client leaves", async () => {
    const { engine, seen } = createWatchedTask();
    const { fetch } = createFakeGateway(engine);
    const { next, cancel } = read(await fetch("/agents/echo", subscribe));
    await next();
    expect(seen.call?.signal.aborted).toBe(false);
    await cancel();
    expect(seen.call?.signal.aborted).toBe(true);
    await expect.poll(() => seen.returned).toBe(true);
  });

  test("asks for the next event only when the client reads", async () => {
    const { engine, publish, seen } = createWatchedTask();
    const { fetch } = createFakeGateway(engine);
    for (let generation = 5; generation < 100; generation += 1) {
      publish(statusUpdate(generation, TaskState.TASK_STATE_WORKING));
    }
    const response = await fetch("/agents/echo", subscribe);
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen.asked).toBe(0);
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.read();
    await reader?.read();
    expect(seen.asked).toBe(1);
    await reader?.cancel();
  });

  test("sends a comment every 15 s, from one timer for all streams", async () => {
    const { engine } = createWatchedTask();
    const { fetch, clock } = createFakeGateway(engine);
    const streams = await Promise.all([fetch("/agents/echo", subscribe), fetch("/agents/echo", subscribe)]);
    const [one, other] = streams.map(read);
    await Promise.all([one?.next(), one?.next(), other?.next(), other?.next()]);
    expect(clock.pending).toBe(1);
    const beats = Promise.all([one?.next(), other?.next()]);
    clock.advance(15_000);
    expect(await beats).toEqual([":\n", ":\n"]);
    await Promise.all([one?.cancel(), other?.cancel()]);
    clock.advance(15_000);
    expect(clock.pending).toBe(0);
  });

  test("sends no heartbeats to a client that does not read", async () => {
    const { engine } = createWatchedTask();
    const { fetch, clock } = createFakeGateway(engine);
    const response = await fetch("/agents/echo", subscribe);
    clock.advance(150_000);
    const reader = response.body?.getReader();
    const texts = [await reader?.read(), await reader?.read()].map((chunk) => new TextDecoder().decode(chunk?.value));
    expect(texts[1]).toContain("data: ");
    const pending = reader?.read();
    clock.advance(15_000);
    expect(new TextDecoder().decode((await pending)?.value)).toBe(":\n");
    await reader?.cancel();
  });

  test("ends quietly after the idle timeout, which an event puts off", async () => {
    const { engine, publish, seen } = createWatchedTask();
    const { fetch, clock } = createFakeGateway(engine);
    const text = (await fetch("/agents/echo", subscribe)).text();
    await expect.poll(() => seen.asked).toBe(1);
    clock.advance(590_000);
    publish(statusUpdate(5, TaskState.TASK_STATE_WORKING));
    await expect.poll(() => seen.asked).toBe(3);
    clock.advance(590_000);
    expect(seen.call?.signal.aborted).toBe(false);
    clock.advance(30_000);
    expect(seen.call?.signal.aborted).toBe(true);
    expect(parseEvents(await text)).toHaveLength(2);
    expect(await text).not.toContain("event: error");
  });

  test("ends after the longest time a stream may last", async () => {
    const { engine, seen } = createWatchedTask();
    const { fetch, clock } = createFakeGateway(engine, {
      streams: { ...STREAMS, idleTimeout: Infinity },
    });
    const text = (await fetch("/agents/echo", subscribe)).text();
    await expect.poll(() => seen.asked).toBe(1);
    clock.advance(3_599_000);
    expect(seen.call?.signal.aborted).toBe(false);
    clock.advance(15_000);
    expect(parseEvents(await text)).toHaveLength(1);
  });

  test("tells when to come back when the gateway closes", async () => {
    const { engine, seen } = createWatchedTask();
    const { fetch, close } = createFakeGateway(engine);
    const text = (await fetch("/agents/echo", subscribe)).text();
    close();
    expect(await text).toMatch(/retry: 1000\n\n$/);
    expect(seen.call?.signal.aborted).toBe(true);
  });

  test("cuts an event over 1 MiB into pieces of which only the last has the id", async () => {
    const value = "ä".repeat(1_500_000);
    const stream: PlainEngine["stream"] = async function* () {
      yield snapshot(1, working);
      yield artifactUpdate(2, [
        { content: { $case: "text", value }, metadata: undefined, filename: "", mediaType: "" },
      ]);
    };
    const { fetch } = createFakeGateway({ stream });
    for (const [url, init] of [
      ["/agents/echo", rpc("SendStreamingMessage", { message: userMessage })],
      ["/agents/echo", rpc("message/stream", { message: legacyMessage }, "")],
    ] as const) {
      const text = await (await fetch(url, init)).text();
      for (const event of text.split("\n\n")) {
        expect(new TextEncoder().encode(event).byteLength).toBeLessThanOrEqual(1024 * 1024);
      }
      const events = parseEvents(text).slice(1);
      expect(events.map(({ id }) => id)).toEqual([undefined, undefined, "2"]);
      const updates = events.map(({ data }) => data.result.artifactUpdate ?? data.result);
      expect(updates.map(({ append }) => append ?? false)).toEqual([false, true, true]);
      expect(updates.map(({ lastChunk }) => lastChunk ?? false)).toEqual([false, false, true]);
      const whole = updates
        .flatMap(({ artifact }) => artifact.parts.map((part: { text: string }) => part.text))
        .join("");
      expect(whole === value).toBe(true);
    }
  });
});

test("one stream too many is refused before any work is done for it, until another ends", async () => {
  const { engine } = createWatchedTask();
  const { fetch, calls } = createFakeGateway(engine);
  const open = await Promise.all([1, 2, 3].map(() => fetch("/agents/echo", subscribe)));
  const refused = await fetch("/agents/echo", subscribe);
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toBe("5");
  expect(calls).toHaveLength(3);
  await open[0]?.body?.cancel();
  expect((await fetch("/agents/echo", subscribe)).status).toBe(200);
});

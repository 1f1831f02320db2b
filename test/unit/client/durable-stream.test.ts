import { Message, StreamResponse } from "@a2a-js/sdk";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { durableStream } from "../../../src/client/durable-stream.ts";
import type { DurableStreamOptions } from "../../../src/client/durable-stream.ts";
import type { DurableEvent } from "../../../src/client/stream-progress.ts";
import { createEagerClock, createScriptedServer } from "./scripted-server.ts";

const ids = { taskId: "t-1", contextId: "c-1" };
const status = (state: string) => ({ statusUpdate: { ...ids, status: { state: `TASK_STATE_${state}` } } });
const chunk = (text: string, append = true) => {
  return { artifactUpdate: { ...ids, artifact: { artifactId: "a", parts: [{ text }] }, append } };
};
const created = { task: { id: "t-1", contextId: "c-1", status: { state: "TASK_STATE_WORKING" } } };
const log = [created, chunk("one", false), chunk("two"), chunk("threé"), status("COMPLETED")];
const message = Message.fromJSON({ messageId: "m-1", role: "ROLE_USER", parts: [{ text: "go" }] });
const url = "https://gateway.test/agents/a";

type Server = ReturnType<typeof createScriptedServer>;

function open(server: Server, options: Partial<DurableStreamOptions> = {}) {
  const reconnects: { reason: string; delay: number }[] = [];
  const events = durableStream({
    url,
    ...(options.taskId === undefined && { message }),
    fetch: server.fetch,
    clock: createEagerClock(),
    random: () => 1,
    onReconnect: ({ reason, delay }) => reconnects.push({ reason: reason.message, delay }),
    ...options,
  });
  return { events, reconnects };
}

async function collect(events: AsyncIterable<DurableEvent>): Promise<[number, unknown][]> {
  const all: [number, unknown][] = [];
  for await (const { generation, response } of events) all.push([generation, StreamResponse.toJSON(response)]);
  return all;
}

/** What a client of an undisturbed server gets. */
const whole = (events: readonly object[] = log): [number, unknown][] => {
  return events.map((event, at) => [at + 1, StreamResponse.toJSON(StreamResponse.fromJSON(event))]);
};

const lastEventIds = ({ requests }: Server) => requests.map(({ headers }) => headers.get("last-event-id"));
const methods = ({ requests }: Server) => requests.map(({ method }) => method);

test("sends once with the extension, and ends with the task", async () => {
  const server = createScriptedServer(log);
  const { events, reconnects } = open(server, { headers: { authorization: "Bearer x" } });
  expect(await collect(events)).toEqual(whole());
  expect(methods(server)).toEqual(["SendStreamingMessage"]);
  expect(server.requests[0]?.headers.get("a2a-extensions")).toBe("urn:a2a-azure-gateway:durable:v1");
  expect(server.requests[0]?.headers.get("authorization")).toBe("Bearer x");
  expect(reconnects).toEqual([]);
});

test("each event comes once and in order, wherever connections break", async () => {
  const fault = fc.oneof(
    fc.nat(1_500).map((cut) => ({ cut })),
    fc.nat(log.length - 1).map((end) => ({ end })),
    fc.constantFrom("unheard" as const, "unanswered" as const, "silent" as const, { status: 503 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fault, { maxLength: 6 }), fc.integer({ min: 1, max: 5 }), async (script, grown) => {
      const server = createScriptedServer(log, { script, grown });
      expect(await collect(open(server).events)).toEqual(whole());
      expect(server.tasks).toBe(1);
    }),
    { numRuns: 150 },
  );
});

test("an id that arrived without its data is ignored", async () => {
  const text = await (await createScriptedServer(log).fetch(url, { body: toSend() })).text();
  const cut = new TextEncoder().encode(text.slice(0, text.indexOf("id: 3\n") + 6)).length;
  const server = createScriptedServer(log, { script: [{ cut }] });
  expect(await collect(open(server).events)).toEqual(whole());
  expect(lastEventIds(server)).toEqual([null, "2"]);
});

test("a send whose answer was lost is repeated once the card allows it, and skips nothing", async () => {
  const server = createScriptedServer(log, { script: ["unanswered"], grown: 3 });
  expect(await collect(open(server).events)).toEqual(whole());
  expect(methods(server)).toEqual(["SendStreamingMessage", "card", "SendStreamingMessage", "SubscribeToTask"]);
  expect(server.requests[2]?.messageId).toBe("m-1");
  expect(lastEventIds(server).at(-1)).toBe("0");
  expect(server.tasks).toBe(1);
});

test("events that come again are dropped", async () => {
  const server = createScriptedServer(log, { script: [{ end: 3 }] });
  const again: typeof server.fetch = async (input, init) => {
    const headers = new Headers(init?.headers);
    if (headers.has("last-event-id")) headers.set("last-event-id", "0");
    return server.fetch(input, { ...init, headers });
  };
  expect(await collect(open({ ...server, fetch: again }).events)).toEqual(whole());
});

test("an event in pieces comes whole, after the break between them", async () => {
  const pieces = [chunk("x".repeat(300), false), chunk("y".repeat(300)), chunk("z".repeat(300))];
  const large = [created, pieces, status("COMPLETED")];
  const server = createScriptedServer(large, { script: [{ cut: 900 }] });
  const all = await collect(open(server).events);
  expect(all.map(([generation]) => generation)).toEqual([1, 2, 2, 2, 3]);
  expect(lastEventIds(server)).toEqual([null, "1"]);
});

test("a connection without a sign of life is given up for another", async () => {
  const server = createScriptedServer(log, { script: ["silent"] });
  const { events, reconnects } = open(server);
  expect(await collect(events)).toEqual(whole());
  expect(reconnects).toHaveLength(1);
});

test("a reader that takes its time keeps its connection", async () => {
  const clock = createEagerClock();
  const { events, reconnects } = open(createScriptedServer(log), { clock });
  for await (const _ of events) await new Promise<void>((resolve) => void clock.after(60_000, resolve));
  expect(reconnects).toEqual([]);
});

test("waits as long as the server asks for, and longer with each failure in a row", async () => {
  const busy = { status: 503, headers: { "retry-after": "7" } };
  const server = createScriptedServer(log, { script: [{ end: 1 }, busy, { status: 429 }, { end: 1, retry: 1_000 }] });
  const { events, reconnects } = open(server);
  expect(await collect(events)).toEqual(whole());
  expect(reconnects.map(({ delay }) => delay)).toEqual([250, 7_500, 1_000, 1_250]);
});

test("spreads its attempts", async () => {
  const script = ["unheard", "unheard"] as const;
  const { events, reconnects } = open(createScriptedServer(log, { script }), { random: () => 0 });
  expect(await collect(events)).toEqual(whole());
  expect(reconnects.map(({ delay }) => delay)).toEqual([125, 250]);
});

test("goes to the next URL after each break", async () => {
  const server = createScriptedServer(log, { script: [{ end: 2 }, "unheard"] });
  await collect(open(server, { url: ["https://one.test/agents/a/", "https://two.test/agents/a"] }).events);
  expect(server.requests.map(({ url: asked }) => asked)).toEqual([
    "https://one.test/agents/a",
    "https://two.test/agents/a",
    "https://one.test/agents/a",
  ]);
});

test("gives up when no server has answered for the given time, and says how far it came", async () => {
  const server = createScriptedServer(log, { script: [{ end: 2 }, ...Array<"unheard">(100).fill("unheard")] });
  await expect(collect(open(server, { giveUpAfter: 60_000 }).events)).rejects.toMatchObject({
    name: "DurableStreamError",
    fault: { code: "unreachable" },
    message: expect.stringMatching(/^No server has answered for \d+ s: .*does not answer\.$/),
    taskId: "t-1",
    after: 2,
  });
  expect(server.requests.length).toBeLessThan(20);
});

test("a quiet task with a server that answers is not given up", async () => {
  const server = createScriptedServer(log, { script: Array.from({ length: 30 }, () => ({ end: 0 })) });
  expect(await collect(open(server, { giveUpAfter: 5_000 }).events)).toEqual(whole());
});

describe("a server without the extension", () => {
  test("is streamed from while its connection lasts", async () => {
    const server = createScriptedServer(log, { durable: false });
    expect((await collect(open(server).events)).map(([, event]) => event)).toEqual(whole().map(([, event]) => event));
  });

  test("is not asked again after a break, which is said", async () => {
    const server = createScriptedServer(log, { durable: false, script: [{ cut: 600 }] });
    const { events } = open(server);
    await expect(collect(events)).rejects.toMatchObject({ fault: { code: "not-durable" }, taskId: "t-1" });
    expect(server.requests).toHaveLength(1);
  });

  test("does not get a message again that it may have taken", async () => {
    const server = createScriptedServer(log, { durable: false, script: ["unanswered"] });
    await expect(collect(open(server).events)).rejects.toMatchObject({ fault: { code: "not-durable" } });
    expect(methods(server)).toEqual(["SendStreamingMessage", "card"]);
  });

  test("is noticed where its card says otherwise", async () => {
    const server = createScriptedServer(log, { durable: false, declared: true, script: ["unanswered"] });
    await expect(collect(open(server).events)).rejects.toMatchObject({ fault: { code: "not-durable" } });
  });
});

describe("a refusal", () => {
  const error = { code: -32001, message: "Task not found" };

  test("is thrown as it is", async () => {
    const server = createScriptedServer(log, { script: [{ status: 200, body: { jsonrpc: "2.0", id: 1, error } }] });
    await expect(collect(open(server).events)).rejects.toMatchObject({
      message: "Task not found",
      fault: { code: "refused", status: 200, rpcCode: -32001 },
    });
  });

  test.each([401, 404, 500])("with status %i is none that time mends", async (code) => {
    const server = createScriptedServer(log, { script: [{ status: code }] });
    await expect(collect(open(server).events)).rejects.toMatchObject({ fault: { code: "refused", status: code } });
    expect(server.requests).toHaveLength(1);
  });

  test("a server that skips events is an error", async () => {
    const server = createScriptedServer([created, chunk("one"), chunk("two")], { script: [{ end: 1 }] });
    const hasty: typeof server.fetch = async (input, init) => {
      const headers = new Headers(init?.headers);
      if (headers.has("last-event-id")) headers.set("last-event-id", "2");
      return server.fetch(input, { ...init, headers });
    };
    await expect(collect(open({ ...server, fetch: hasty }).events)).rejects.toMatchObject({
      fault: { code: "gap", generation: 3 },
      after: 1,
    });
  });
});

describe("a task", () => {
  test("is watched from its first event, or from where the caller stands", async () => {
    expect(await collect(open(createScriptedServer(log), { taskId: "t-1" }).events)).toEqual(whole());
    const rest = await collect(open(createScriptedServer(log), { taskId: "t-1", after: 3 }).events);
    expect(rest).toEqual(whole().slice(3));
  });

  test("that asks ends a send; one that is watched goes on if it was answered", async () => {
    const asked = [created, status("INPUT_REQUIRED"), status("WORKING"), status("COMPLETED")];
    expect(await collect(open(createScriptedServer(asked)).events)).toEqual(whole(asked).slice(0, 2));
    const server = createScriptedServer(asked, { script: [{ cut: 420 }] });
    expect(await collect(open(server, { taskId: "t-1" }).events)).toEqual(whole(asked));
  });

  test("that is watched and asks is asked again, since only the end of its stream says that it waits", async () => {
    const asking = [created, status("INPUT_REQUIRED")];
    const text = await (await createScriptedServer(asking).fetch(url, { body: toSend() })).text();
    const answer = createScriptedServer(asking);
    const cutting: typeof answer.fetch = async (input, init) => {
      const response = await answer.fetch(input, init);
      if (answer.requests.length > 1) return response;
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(text));
          setImmediate(() => controller.error(new TypeError("terminated")));
        },
      });
      return new Response(body, { headers: response.headers });
    };
    const all = await collect(open({ ...answer, fetch: cutting }, { taskId: "t-1" }).events);
    expect(all).toEqual(whole(asking));
    expect(lastEventIds(answer)).toEqual(["0", "1"]);
  });

  test("that gets another message is streamed from the Task at that time", async () => {
    const found = { task: { ...created.task, artifacts: [{ artifactId: "a", parts: [{ text: "one" }] }] } };
    const answer = Message.fromJSON({ ...(Message.toJSON(message) as object), taskId: "t-1" });
    const server = createScriptedServer([found, status("COMPLETED")]);
    expect(await collect(open(server, { message: answer }).events)).toHaveLength(2);
  });

  test("and a message at once are refused, as is neither", async () => {
    const both = open(createScriptedServer(log), { taskId: "t-1", message });
    await expect(collect(both.events)).rejects.toThrow(TypeError);
  });
});

test("a Message is the whole answer", async () => {
  const reply = { message: { messageId: "r", role: "ROLE_AGENT", parts: [{ text: "hi" }] } };
  const all = await collect(open(createScriptedServer([reply])).events);
  expect(all).toMatchObject([[0, { message: { messageId: "r" } }]]);
});

describe("an abort", () => {
  test.each(["silent" as const, "unheard" as const])("ends it while the server is %s", async (fault) => {
    const abort = new AbortController();
    const server = createScriptedServer(log, { script: Array(50).fill(fault) });
    const signal = abort.signal;
    const reading = collect(open(server, { signal, clock: { monotonic: () => 0, after: () => () => {} } }).events);
    setTimeout(() => abort.abort(new Error("enough")), 10);
    await expect(reading).rejects.toThrow("enough");
    expect(server.requests).toHaveLength(1);
  });

  test("leaving the loop closes the connection", async () => {
    const server = createScriptedServer(log);
    let signal: AbortSignal | null | undefined;
    const watched: typeof server.fetch = async (input, init) => {
      signal = init?.signal;
      return server.fetch(input, init);
    };
    for await (const { generation } of open({ ...server, fetch: watched }).events) {
      if (generation === 2) break;
    }
    expect(signal?.aborted).toBe(true);
  });
});

function toSend(): string {
  return JSON.stringify({ method: "SendStreamingMessage", params: { message: Message.toJSON(message) } });
}

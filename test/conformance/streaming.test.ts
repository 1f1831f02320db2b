import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { checkedFetch } from "./checked-fetch.ts";
import type { Answer } from "./json.ts";
import { createLongText } from "./long-text.ts";
import { toSend } from "./messages.ts";
import { createPeer } from "./peer.ts";
import type { EventStream, StreamEvent } from "./peer.ts";
import { describeBindings, describeHosts } from "./target.ts";
import { readText, untilState } from "./until.ts";

const atOnce = { returnImmediately: true };
const endless = { chunks: 100_000, everyMs: 50 };
const some = { chunks: 12, everyMs: 25 };

describeBindings("streams", (connect) => {
  const slow = connect("slow");

  test("begin with the Task, follow with updates, end at the terminal state [3.1.2-stream] [3.1.2-stream-begins-with-task] [3.1.2-stream-ends-at-terminal]", async () => {
    const stream = await slow.open("SendStreamingMessage", toSend(some));
    const events = await stream.rest();
    expect(kindsOf(events)[0]).toBe("task");
    expect(new Set(kindsOf(events).slice(1))).toEqual(new Set(["statusUpdate", "artifactUpdate"]));
    expect(statesOf(events).at(-1)).toBe("TASK_STATE_COMPLETED");
    expect(statesOf(events).slice(0, -1)).not.toContain("TASK_STATE_COMPLETED");
  });

  test("show progress while the agent works [3.1.2-immediate-feedback]", async () => {
    const stream = await slow.open("SendStreamingMessage", toSend(endless));
    const first = await stream.next();
    const chunk = await untilEvent(stream, "artifactUpdate");
    expect(chunk.value.artifactUpdate.artifact).toMatchObject({ artifactId: "words" });
    const { id } = first.value.task;
    expect((await slow.call("GetTask", { id })).status.state).toBe("TASK_STATE_WORKING");
    await slow.call("CancelTask", { id });
    expect(statesOf(await stream.rest()).at(-1)).toBe("TASK_STATE_CANCELED");
  });

  test("add up to the task, in the order of its log [3.5.2-order]", async () => {
    const events = await (await slow.open("SendStreamingMessage", toSend(some))).rest();
    const task = await slow.call("GetTask", { id: events[0]?.value.task.id });
    expect(fold(events)).toEqual({ words: readText(task.artifacts[0]) });
    expect(statesOf(events).at(-1)).toBe(task.status.state);
    expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => (events[0]?.id ?? 0) + index));
  });

  test("of one task all get the same events in the same order [3.5.2-broadcast] [3.5.2-same-order]", async () => {
    const sent = await slow.open("SendStreamingMessage", toSend(some));
    const first = await sent.next();
    const { id } = first.value.task;
    await untilEvent(sent, "artifactUpdate");
    const others = await Promise.all([1, 2, 3].map(async () => slow.open("SubscribeToTask", { id })));
    const [rest, ...seen] = await Promise.all([sent, ...others].map(async (stream) => stream.rest()));
    for (const [snapshot, ...events] of seen) {
      expect(snapshot?.value).toHaveProperty("task");
      expect(events).toEqual(rest?.filter((event) => event.id > (snapshot?.id ?? 0)));
      expect(events.length).toBeGreaterThan(0);
    }
  });

  test("closing one leaves the others and the task alone [3.5.2-independent]", async () => {
    const left = await slow.open("SendStreamingMessage", toSend(some));
    const { id } = (await left.next()).value.task;
    const kept = await slow.open("SubscribeToTask", { id });
    await left.close();
    const events = await kept.rest();
    expect(statesOf(events).at(-1)).toBe("TASK_STATE_COMPLETED");
    const task = await slow.call("GetTask", { id });
    expect(readText(task.artifacts[0])).toBe("1 2 3 4 5 6 7 8 9 10 11 12");
  });

  test("a task goes on when its only client is gone [3.5.2-independent]", async () => {
    const abort = new AbortController();
    const stream = await slow.open("SendStreamingMessage", toSend(some), abort.signal);
    const { id } = (await stream.next()).value.task;
    abort.abort();
    const task = await untilState(slow, id, "TASK_STATE_COMPLETED");
    expect(readText(task.artifacts[0])).toBe("1 2 3 4 5 6 7 8 9 10 11 12");
  });

  test("with a Message as the answer hold that one, then end [3.1.2-message-stream]", async () => {
    const stream = await connect("message").open("SendStreamingMessage", toSend("hello"));
    const events = await stream.rest();
    expect(events.map(({ value }) => value)).toMatchObject([
      { message: { role: "ROLE_AGENT", parts: [{ text: "hello" }] } },
    ]);
  });

  test("end at INPUT_REQUIRED [wire-stream-end]", async () => {
    const chat = connect("chat");
    const events = await (await chat.open("SendStreamingMessage", toSend("hi"))).rest();
    expect(statesOf(events).at(-1)).toBe("TASK_STATE_INPUT_REQUIRED");
    const taskId = events[0]?.value.task.id;
    const answered = await (await chat.open("SendStreamingMessage", toSend("Ada", { taskId }))).rest();
    expect(answered[0]?.value.task).toMatchObject({ id: taskId });
    expect(statesOf(answered).at(-1)).toBe("TASK_STATE_COMPLETED");
  });

  test("stay open at AUTH_REQUIRED and show what follows [wire-stream-end]", async () => {
    const auth = connect("auth");
    const stream = await auth.open("SendStreamingMessage", toSend("hi"));
    const events: StreamEvent[] = [];
    while (statesOf(events).at(-1) !== "TASK_STATE_AUTH_REQUIRED") events.push(await stream.next());
    await auth.call("SendMessage", toSend("signed in", { taskId: events[0]?.value.task.id }));
    expect(statesOf(await stream.rest()).at(-1)).toBe("TASK_STATE_COMPLETED");
  });

  test("carry a Task without its history [wire-stream-no-history]", async () => {
    const stream = await slow.open("SendStreamingMessage", toSend(endless));
    const { task } = (await stream.next()).value;
    expect(task).not.toHaveProperty("history");
    const other = await slow.open("SubscribeToTask", { id: task.id });
    expect((await other.next()).value.task).not.toHaveProperty("history");
    await slow.call("CancelTask", { id: task.id });
    await Promise.all([stream.rest(), other.rest()]);
  });

  test("cut a large artifact into events of 1 MiB at most that add up [wire-event-size]", async () => {
    const large = connect("large");
    const stream = await large.open("SendStreamingMessage", toSend({ parts: 4, bytes: 1_300_000 }));
    const events = await stream.rest();
    expect(kindsOf(events).filter((kind) => kind === "artifactUpdate").length).toBeGreaterThan(4);
    expect(fold(events)["large"] === createLongText(1_300_000).repeat(4)).toBe(true);
  });

  describe("SubscribeToTask", () => {
    test("begins with the current Task and ends with it [3.1.6-task-first] [3.1.6-ends-at-terminal]", async () => {
      const { task } = await slow.call("SendMessage", toSend(some, {}, atOnce));
      const [snapshot, ...events] = await (await slow.open("SubscribeToTask", { id: task.id })).rest();
      expect(snapshot?.value.task).toMatchObject({ id: task.id, contextId: task.contextId });
      expect(kindsOf(events)).not.toContain("task");
      expect(statesOf(events).at(-1)).toBe("TASK_STATE_COMPLETED");
      const all = fold(snapshot ? [snapshot, ...events] : []);
      expect(all).toEqual({ words: "1 2 3 4 5 6 7 8 9 10 11 12" });
    });

    test("waits on an interrupted task for the next turn", async () => {
      const chat = connect("chat");
      const { task } = await chat.call("SendMessage", toSend("hi"));
      const stream = await chat.open("SubscribeToTask", { id: task.id });
      expect((await stream.next()).value.task.status.state).toBe("TASK_STATE_INPUT_REQUIRED");
      await chat.call("SendMessage", toSend("Ada", { taskId: task.id }));
      expect(statesOf(await stream.rest()).at(-1)).toBe("TASK_STATE_COMPLETED");
    });

    test("is refused on an ended task, as an ordinary error [wire-refused-before-stream]", async () => {
      const { task } = await slow.call("SendMessage", toSend({ chunks: 1 }));
      await expect(slow.open("SubscribeToTask", { id: task.id })).rejects.toMatchObject(
        slow.refusal("UNSUPPORTED_OPERATION"),
      );
    });

    test("is refused for a task that does not exist [wire-refused-before-stream]", async () => {
      const open = slow.open("SubscribeToTask", { id: "00000000-0000-4000-8000-000000000000" });
      await expect(open).rejects.toMatchObject(slow.refusal("TASK_NOT_FOUND"));
    });
  });

  test("a send that is refused opens no stream [wire-refused-before-stream]", async () => {
    await expect(slow.open("SendStreamingMessage", toSend("", { parts: [] }))).rejects.toMatchObject(
      slow.refusal("INVALID_PARAMS"),
    );
  });
});

describeHosts("a stream on the wire", (host) => {
  const open = async (command: Parameters<typeof toSend>[0], signal?: AbortSignal): Promise<Response> =>
    fetch(`${host.url}/agents/slow/message:stream`, {
      method: "POST",
      headers: { "content-type": "application/a2a+json", "a2a-version": "1.0", "accept-encoding": "gzip, br" },
      body: JSON.stringify(toSend(command)),
      ...(signal ? { signal } : {}),
    });

  test("has the headers of an event stream and is never compressed [wire-sse]", async () => {
    const response = await open({ chunks: 1 });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toMatch(/^text\/event-stream\b/);
    expect(response.headers.get("cache-control")).toBe("no-cache, no-transform");
    expect(response.headers.get("x-accel-buffering")).toBe("no");
    expect(response.headers.get("content-encoding")).toBeNull();
    await response.body?.cancel();
  });

  test.each(["GET", "POST"])(
    "is subscribed to with %s, without body or content type [wire-subscribe-methods]",
    async (method) => {
      const chat = createPeer("JSONRPC", host, "chat");
      const { task } = await chat.call("SendMessage", toSend("hi"));
      const url = `${host.url}/agents/chat/tasks/${task.id}:subscribe`;
      const response = await checkedFetch(url, { method, headers: { "a2a-version": "1.0" } });
      expect(response.headers.get("content-type")).toMatch(/^text\/event-stream\b/);
      await chat.call("CancelTask", { id: task.id });
      expect(await response.text()).toContain("TASK_STATE_CANCELED");
    },
  );

  test("begins with a comment; each event has an id and one line of data [wire-sse]", async () => {
    const text = await (await open({ chunks: 3 })).text();
    expect(text).toMatch(/^:/);
    const events = text.split("\n\n").filter((block) => block.includes("data:"));
    expect(events.length).toBeGreaterThan(2);
    for (const event of events) expect(event).toMatch(/^(?::[^\n]*\n)*id: ?\d+\ndata: ?\{.*\}$/);
  });

  test("starts when it is accepted, before the agent says anything [wire-stream-at-acceptance]", async () => {
    const abort = new AbortController();
    const started = performance.now();
    // The agent's first words come at once, its next only after the test's timeout.
    const response = await open({ chunks: 2, everyMs: 60_000 }, abort.signal);
    expect(response.status).toBe(200);
    expect(performance.now() - started).toBeLessThan(5_000);
    abort.abort();
    await wait(0);
  });
});

function kindsOf(events: readonly StreamEvent[]): (string | undefined)[] {
  return events.map(({ value }) => Object.keys(value)[0]);
}

/** The states that the events tell of, in their order. */
function statesOf(events: readonly StreamEvent[]): string[] {
  return events.flatMap(({ value }) => value.task?.status.state ?? value.statusUpdate?.status.state ?? []);
}

/** What a client has at the end: the text of each artifact, appended or replaced as its updates say. */
function fold(events: readonly StreamEvent[]): { [artifact: string]: string } {
  const texts: { [artifact: string]: string } = {};
  for (const { value } of events) {
    for (const artifact of value.task?.artifacts ?? []) texts[artifact.artifactId] = readText(artifact);
    const update: Answer = value.artifactUpdate;
    if (!update) continue;
    const id: string = update.artifact.artifactId;
    texts[id] = (update.append ? (texts[id] ?? "") : "") + readText(update.artifact);
  }
  return texts;
}

async function untilEvent(stream: EventStream, kind: string): Promise<StreamEvent> {
  for (;;) {
    const event = await stream.next();
    if (kind in event.value) return event;
  }
}

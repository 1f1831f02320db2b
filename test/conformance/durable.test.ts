import { expect, test } from "vitest";
import { checkedFetch } from "./checked-fetch.ts";
import type { Answer } from "./json.ts";
import { MAX_STREAMS } from "./limits.ts";
import { toSend } from "./messages.ts";
import type { StreamEvent } from "./peer.ts";
import { describeBindings, describeHosts } from "./target.ts";

const URI = "urn:a2a-azure-gateway:durable:v1";
const durable = { "a2a-extensions": URI };
const some = { chunks: 12, everyMs: 25 };

describeBindings("the durable extension", (connect) => {
  const slow = connect("slow", durable);
  const after = (id: number, agent = "slow") => connect(agent, { ...durable, "last-event-id": String(id) });

  test("is echoed where it was asked for", async () => {
    const stream = await slow.open("SendStreamingMessage", toSend(some));
    expect(stream.response.headers.get("a2a-extensions")).toBe(URI);
    const other = await connect("slow").open("SendStreamingMessage", toSend(some));
    expect(other.response.headers.get("a2a-extensions")).toBeNull();
    await Promise.all([stream.rest(), other.rest()]);
  });

  test("gives what followed the last event, then goes on, without a snapshot [wire-replay]", async () => {
    const first = await slow.open("SendStreamingMessage", toSend(some));
    const seen = [await first.next(), await first.next(), await first.next(), await first.next()];
    await first.close();
    const id = seen[0]?.value.task.id;
    const rest = await (await after(lastOf(seen).id).open("SubscribeToTask", { id })).rest();
    expect(rest[0]?.value).not.toHaveProperty("task");

    const all = await (await after(0).open("SubscribeToTask", { id })).rest();
    expect([...seen, ...rest].map((event) => event.id)).toEqual(all.map((event) => event.id));
    expect([...seen.slice(1), ...rest]).toEqual(all.slice(1));
    expect(all.map((event) => event.id)).toEqual(all.map((_, at) => at + 1));
    expect(lastOf(all).value.statusUpdate.status.state).toBe("TASK_STATE_COMPLETED");
  });

  test("ends at once after the last event of a task that has ended [wire-replay]", async () => {
    const all = await (await slow.open("SendStreamingMessage", toSend(some))).rest();
    const id = all[0]?.value.task.id;
    expect(await (await after(lastOf(all).id).open("SubscribeToTask", { id })).rest()).toEqual([]);
  });

  test.each(["-1", "1.5", "x", "99999", "99999999999"])("refuses the last event %j [wire-replay]", async (last) => {
    const all = await (await slow.open("SendStreamingMessage", toSend(some))).rest();
    const id = all[0]?.value.task.id;
    const peer = connect("slow", { ...durable, "last-event-id": last });
    await expect(peer.open("SubscribeToTask", { id })).rejects.toMatchObject(peer.refusal("INVALID_PARAMS"));
  });

  test("without it a Last-Event-ID, which SSE libraries send by themselves, is ignored [wire-replay]", async () => {
    const stream = await connect("slow").open("SendStreamingMessage", toSend({ chunks: 100_000, everyMs: 50 }));
    const { id } = (await stream.next()).value.task;
    const again = await connect("slow", { "last-event-id": "1" }).open("SubscribeToTask", { id });
    expect((await again.next()).value).toHaveProperty("task");
    await connect("slow").call("CancelTask", { id });
    await Promise.all([stream.rest(), again.rest()]);
  });

  test("a Last-Event-ID that comes with a send, as SSE libraries repeat it, is ignored [wire-replay]", async () => {
    const request = toSend(some, { messageId: crypto.randomUUID() });
    const all = await (await slow.open("SendStreamingMessage", request)).rest();
    for (const last of ["2", "x"]) {
      const peer = connect("slow", { ...durable, "last-event-id": last });
      const again = await (await peer.open("SendStreamingMessage", request)).rest();
      expect(again.map(({ id, value }) => [id, value.task?.id])).toEqual([[lastOf(all).id, all[0]?.value.task.id]]);
    }
  });

  test("a repeat of a running send gets the Task as it is, then what follows [wire-idempotency]", async () => {
    const request = toSend(some, { messageId: crypto.randomUUID() });
    const first = await slow.open("SendStreamingMessage", request);
    await first.next();
    const behind = await first.next();
    const [snapshot, ...again] = await (await slow.open("SendStreamingMessage", request)).rest();
    expect(snapshot?.id).toBeGreaterThanOrEqual(behind.id);
    expect(again.length).toBeGreaterThan(0);
    expect(again).toEqual((await first.rest()).filter(({ id }) => id > (snapshot?.id ?? 0)));
  });

  test("an Idempotency-Key says nothing where nothing is sent", async () => {
    const { task } = await connect("echo").call("SendMessage", toSend("hello"));
    expect((await connect("echo", { "idempotency-key": "not a key" }).call("GetTask", { id: task.id })).id).toBe(
      task.id,
    );
  });

  test.each([
    ["nothing", ""],
    ["spaces", "not a key"],
    ["256 characters", "k".repeat(256)],
  ])("refuses a key of %s [wire-idempotency]", async (_, key) => {
    const peer = connect("echo", { "idempotency-key": key });
    await expect(peer.call("SendMessage", toSend("hello"))).rejects.toMatchObject(peer.refusal("INVALID_PARAMS"));
  });

  test("a message that is sent again is taken once, whatever kind of call repeats it [wire-idempotency]", async () => {
    const request = toSend(some, { messageId: crypto.randomUUID() });
    const [one, two, three] = await Promise.all([
      slow.open("SendStreamingMessage", request).then(async (stream) => stream.rest()),
      slow.call("SendMessage", request),
      slow.call("SendMessage", { ...request, configuration: { returnImmediately: true } }),
    ]);
    const again = await (await slow.open("SendStreamingMessage", request)).rest();
    const ids = [one[0]?.value.task.id, two.task.id, three.task.id, again[0]?.value.task.id];
    expect(new Set(ids).size).toBe(1);
    expect(two.task.status.state).toBe("TASK_STATE_COMPLETED");
    expect(again).toHaveLength(1);
  });

  test("without it every send is a task of its own [wire-idempotency]", async () => {
    const plain = connect("echo");
    const request = toSend("hello", { messageId: "m-1" });
    const [one, two] = [await plain.call("SendMessage", request), await plain.call("SendMessage", request)];
    expect(one.task.id).not.toBe(two.task.id);
  });

  test("an Idempotency-Key is always effective, and takes precedence over the message's id [wire-idempotency]", async () => {
    const key = crypto.randomUUID();
    const sends = await Promise.all([
      connect("echo", { "idempotency-key": key }).call("SendMessage", toSend("hello", { messageId: "a" })),
      connect("echo", { ...durable, "idempotency-key": key }).call("SendMessage", toSend("hello", { messageId: "b" })),
    ]);
    expect(new Set(sends.map(({ task }: Answer) => task.id)).size).toBe(1);
    const peer = connect("echo", { "idempotency-key": key });
    await expect(peer.call("SendMessage", toSend("bye"))).rejects.toMatchObject(peer.refusal("INVALID_PARAMS"));
  });

  test("an answer that is sent again continues its task once [wire-idempotency]", async () => {
    const chat = connect("chat", durable);
    const { task } = await chat.call("SendMessage", toSend("hi"));
    const answer = toSend("Ada", { taskId: task.id, messageId: crypto.randomUUID() });
    const [one, two] = [await chat.call("SendMessage", answer), await chat.call("SendMessage", answer)];
    expect(one.task.status.state).toBe("TASK_STATE_COMPLETED");
    expect(two).toEqual(one);
  });
});

describeHosts("the durable extension on the wire", (host) => {
  /** A subscription of somebody who has every event of a task that waits for its caller. */
  async function openQuiet(id: string, lastEventId: number) {
    const leave = new AbortController();
    const began = performance.now();
    const response = await fetch(`${host.url}/agents/chat/tasks/${id}:subscribe`, {
      headers: { "a2a-version": "1.0", ...durable, "last-event-id": String(lastEventId) },
      signal: leave.signal,
    });
    const first = await response.body?.getReader().read();
    return {
      status: response.status,
      type: response.headers.get("content-type"),
      text: new TextDecoder().decode(first?.value),
      ms: performance.now() - began,
      leave: () => leave.abort(),
    };
  }

  test("a stream with nothing to say begins at once, takes one of the places, and gives it back [wire-stream-at-acceptance]", async () => {
    const sent = await checkedFetch(`${host.url}/agents/chat/message:send`, {
      method: "POST",
      headers: { "a2a-version": "1.0", "content-type": "application/a2a+json" },
      body: JSON.stringify(toSend("hi")),
    });
    const { task }: Answer = await sent.json();
    const streams = [];
    for (;;) {
      // The task and its question.
      const stream = await openQuiet(task.id, 2);
      if (stream.status !== 200) break;
      streams.push(stream);
    }
    expect(streams.map(({ type, text }) => [type, text])).toEqual(
      Array.from({ length: MAX_STREAMS }, () => ["text/event-stream", ":\n"]),
    );
    expect((await openQuiet(task.id, 2)).status).toBe(429);
    // Of a busy machine that one did not take a break in.
    expect(Math.min(...streams.map(({ ms }) => ms))).toBeLessThan(100);
    streams[0]?.leave();
    await expect.poll(async () => (await openQuiet(task.id, 2)).status).toBe(200);
    expect((await openQuiet(task.id, 2)).status).toBe(429);
    streams.forEach(({ leave }) => leave());
  });

  test("may be asked for in the query of a subscription", async () => {
    const url = `${host.url}/agents/echo`;
    const sent = await checkedFetch(`${url}/message:send`, {
      method: "POST",
      headers: { "a2a-version": "1.0", "content-type": "application/a2a+json" },
      body: JSON.stringify(toSend("hello")),
    });
    const { task }: Answer = await sent.json();
    const replay = await checkedFetch(`${url}/tasks/${task.id}:subscribe?lastEventId=0`, {
      headers: { "a2a-version": "1.0", ...durable },
    });
    expect(await replay.text()).toMatch(/^:\nid: 1\n/);
  });

  test.each(["0.3", "1.0"])("is declared by cards of A2A %s, and not required", async (version) => {
    const url = `${host.url}/agents/echo/.well-known/agent-card.json`;
    const card: Answer = await (await checkedFetch(url, { headers: { "a2a-version": version } })).json();
    const { uri, description, required = false } = card.capabilities.extensions[0];
    expect({ uri, description, required }).toEqual({ uri: URI, description: expect.any(String), required: false });
  });

  test("has a header of its own in A2A 0.3 [wire-v03-extensions-header]", async () => {
    const message = { kind: "message", messageId: "m", role: "user", parts: [{ kind: "text", text: "hello" }] };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "message/send", params: { message } });
    const send = async (name: string): Promise<Response> =>
      checkedFetch(`${host.url}/agents/echo`, {
        method: "POST",
        headers: { "content-type": "application/json", [name]: URI },
        body,
      });
    const [one, two] = [await send("x-a2a-extensions"), await send("x-a2a-extensions")];
    expect(one.headers.get("x-a2a-extensions")).toBe(URI);
    const ids = await Promise.all([one, two].map(async (answer) => ((await answer.json()) as Answer).result.id));
    expect(ids[1]).toBe(ids[0]);
    expect((await send("a2a-extensions")).headers.get("x-a2a-extensions")).toBeNull();
  });
});

function lastOf(events: readonly StreamEvent[]): StreamEvent {
  const last = events.at(-1);
  if (!last) throw new Error("no event");
  return last;
}

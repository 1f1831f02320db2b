import { request as openRequest } from "node:http";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createHttpServer } from "../../../src/hosts/node/http-server.ts";
import { listen } from "../../../src/hosts/node/listen.ts";
import type { HttpAnswer, HttpRequest } from "../../../src/ports/http-exchange.ts";
import type { DurableEngine } from "../../../src/tasks/engine.ts";
import { createFixture, settle } from "../tasks/engine-fixture.ts";
import { createFakeGateway, STREAMS, userMessage } from "./fake-gateway.ts";

/** The edge in front of the real engine, whose agent asks once or never says anything; time stands still. */

const HEADERS: Readonly<Record<string, string>> = {
  "a2a-version": "1.0",
  "a2a-extensions": "urn:a2a-azure-gateway:durable:v1",
  "content-type": "application/a2a+json",
};

function createWorld(maxStreams: number) {
  const never = new Promise<void>(() => {});
  const fixture = createFixture(async (turn) => {
    if (turn.message.parts[0]?.content?.value === "ask") {
      await turn.ask("and?");
    }
    await never;
  });
  const { durable, parts, clock } = fixture;
  const signals: AbortSignal[] = [];
  const engine: DurableEngine = {
    ...durable,
    stream(call, request) {
      signals.push(call.signal);
      return durable.stream(call, request);
    },
  };
  const gateway = createFakeGateway(
    {},
    { engine, registry: parts.registry, clock, streams: { ...STREAMS, maxStreams } },
  );
  let looks = 0;
  const readHead = parts.log.readHead.bind(parts.log);
  parts.log.readHead = (key) => {
    looks += 1;
    return readHead(key);
  };
  /** Reads of the log by whoever watches a task, in so many ms. */
  const looksIn = async (ms: number): Promise<number> => {
    looks = 0;
    await clock.advance(ms);
    return looks;
  };
  return { ...fixture, ...gateway, clock, signals, looksIn };
}

type World = ReturnType<typeof createWorld>;

function ask({ answer }: World, method: string, target: string, headers = {}, body = ""): Promise<HttpAnswer> {
  const all: Readonly<Record<string, string>> = { ...HEADERS, ...headers };
  const request: HttpRequest = {
    method,
    target,
    header: (name) => all[name],
    readText: async () => body,
    signal: new AbortController().signal,
  };
  return Promise.resolve(answer(request));
}

const send = (world: World, text: string, more = {}): Promise<HttpAnswer> => {
  const message = { ...userMessage, messageId: crypto.randomUUID(), parts: [{ text }], ...more };
  return ask(world, "POST", "/agents/test/message:stream", {}, JSON.stringify({ message }));
};

/** The stream that the answer is, and what it has written. */
function read({ status, body }: HttpAnswer) {
  expect(status).toBe(200);
  if (typeof body !== "object") {
    throw new Error("not a stream");
  }
  const seen = { text: "", hasEnded: false };
  body.sendTo({
    isReady: true,
    untilReady: () => Promise.resolve(),
    write: (text) => (seen.text += text),
    end: () => (seen.hasEnded = true),
    cut: () => (seen.hasEnded = true),
  });
  return { seen, leave: () => body.leave() };
}

/** A task that has asked: its log has two events. */
async function begin(world: World): Promise<string> {
  const { seen } = read(await send(world, "ask"));
  await vi.waitFor(() => expect(seen.hasEnded).toBe(true));
  const [, id = ""] = /"task":\{"id":"([^"]+)"/.exec(seen.text) ?? [];
  return id;
}

describe("a place among an instance's streams", () => {
  test("is taken by a caught-up subscriber before there is any event, and free when that one leaves", async () => {
    const world = createWorld(2);
    const id = await begin(world);
    const subscribe = (): Promise<HttpAnswer> =>
      ask(world, "GET", `/agents/test/tasks/${id}:subscribe`, { "last-event-id": "2" });
    const one = read(await subscribe());
    const two = read(await subscribe());
    // At once: nothing has happened since, and no time has passed.
    expect([one.seen, two.seen]).toEqual([
      { text: ":\n", hasEnded: false },
      { text: ":\n", hasEnded: false },
    ]);
    const refused = await subscribe();
    expect([refused.status, refused.headers["retry-after"]]).toEqual([429, "5"]);
    two.leave();
    two.leave();
    const three = read(await subscribe());
    expect((await subscribe()).status).toBe(429);
    one.leave();
    three.leave();
    await settle();
    expect(await world.looksIn(30_000)).toBe(0);
  });

  test("is given back by a stream that is refused", async () => {
    const world = createWorld(1);
    expect((await send(world, "x", { taskId: "missing" })).status).toBe(404);
    expect((await ask(world, "GET", "/agents/test/tasks/missing:subscribe")).status).toBe(404);
    const accepted = read(await send(world, "x"));
    expect((await send(world, "x")).status).toBe(429);
    accepted.leave();
  });

  test("is given back by HEAD, which wants no body", async () => {
    const world = createWorld(1);
    const id = await begin(world);
    expect(await ask(world, "HEAD", `/agents/test/tasks/${id}:subscribe`)).toMatchObject({ status: 200 });
    const accepted = read(await send(world, "x"));
    accepted.leave();
    await settle();
    expect(await world.looksIn(30_000)).toBe(0);
  });

  test("is given back by a stream whose events ended", async () => {
    const world = createWorld(1);
    await begin(world);
    expect((await send(world, "ask")).status).toBe(200);
  });
});

test.each(["", "half"])(
  "a request whose client left after %j of its body does nothing, and is no failure of the gateway's",
  async (sent) => {
    const world = createWorld(1);
    const id = await begin(world);
    const { server, answerWith } = createHttpServer({ headers: 10_000, request: 10_000 });
    onTestFinished(() => server.closeAllConnections());
    onTestFinished(() => void server.close());
    const begun = vi.fn<() => void>();
    const answered = vi.fn<(status: number) => void>();
    answerWith(async (request) => {
      begun();
      const answer = await world.answer(request);
      answered(answer.status);
      return answer;
    });
    const url = await listen(server, { PORT: 0, HOST: "127.0.0.1" });
    const headers = { ...HEADERS, "content-length": "100" };
    const client = openRequest(`${url}/agents/test/tasks/${id}:cancel`, { method: "POST", headers });
    client.on("error", () => {});
    client.flushHeaders();
    client.write(sent);
    await vi.waitFor(() => expect(begun).toHaveBeenCalled());
    client.destroy();
    await vi.waitFor(() => expect(answered).toHaveBeenCalledWith(400));
    expect(world.logged).toEqual([]);
    const { body } = await ask(world, "GET", `/agents/test/tasks/${id}`);
    expect(body).toContain("TASK_STATE_INPUT_REQUIRED");
  },
);

test.each([
  ["a send", { "a2a-extensions": "" }],
  ["a send under a key", {}],
])("a client that leaves while %s is being accepted leaves no place taken and no watcher", async (_what, more) => {
  const world = createWorld(1);
  const { parts, signals, engine, looksIn } = world;
  const stored = Promise.withResolvers<void>();
  const create = parts.log.create.bind(parts.log);
  let creating = 0;
  parts.log.create = async (...given) => {
    creating += 1;
    await stored.promise;
    return create(...given);
  };
  const { server, answerWith } = createHttpServer({ headers: 10_000, request: 10_000 });
  onTestFinished(() => server.closeAllConnections());
  onTestFinished(() => void server.close());
  const answered = vi.fn<(status: number) => void>();
  answerWith(async (request) => {
    // The engine is asked for what aborts when the client leaves, as a call does that waits.
    void request.signal;
    const answer = await world.answer(request);
    answered(answer.status);
    return answer;
  });
  const url = await listen(server, { PORT: 0, HOST: "127.0.0.1" });
  const client = openRequest(`${url}/agents/test/message:stream`, { method: "POST", headers: { ...HEADERS, ...more } });
  client.on("error", () => {});
  client.end(JSON.stringify({ message: userMessage }));
  await vi.waitFor(() => expect(creating).toBe(1));
  expect((await send(world, "x")).status).toBe(429);
  expect(signals.map(({ aborted }) => aborted)).toEqual([false]);

  client.destroy();
  await vi.waitFor(() => expect(signals[0]?.aborted).toBe(true));
  stored.resolve();
  await vi.waitFor(() => expect(answered).toHaveBeenCalledWith(200));
  await settle();
  // The task goes on: only its stream is gone.
  expect(engine.turns).toBe(1);
  expect(await looksIn(30_000)).toBe(0);
  read(await send(world, "x")).leave();
});

import { describe, expect, test } from "vitest";
import { TaskError } from "../../../src/tasks/task-fault.ts";
import { createFakeGateway, post, rpc, toTask, userMessage } from "./fake-gateway.ts";

function createSlowGateway() {
  const answer = Promise.withResolvers<ReturnType<typeof toTask>>();
  const gateway = createFakeGateway({ send: () => answer.promise });
  const begun = async (): Promise<void> => {
    await expect.poll(() => gateway.clock.pending).toBe(1);
  };
  return { ...gateway, answer, begun };
}

describe("a blocking send", () => {
  test("that is answered in time has no white space before its body", async () => {
    const { fetch, clock, answer, begun } = createSlowGateway();
    const response = fetch("/agents/echo", rpc("SendMessage", { message: userMessage }));
    await begun();
    clock.advance(40_000);
    answer.resolve(toTask({}));
    expect((await (await response).text()).startsWith("{")).toBe(true);
  });

  test.each([
    ["/agents/echo", rpc("SendMessage", { message: userMessage }), "application/json"],
    ["/message:send", post({ message: userMessage }), "application/a2a+json"],
  ])("to %s begins its response within 60 s and adds white space every 15 s", async (url, init, type) => {
    const { fetch, clock, answer, begun } = createSlowGateway();
    const pending = fetch(url, init);
    await begun();
    clock.advance(45_000);
    const response = await pending;
    expect([response.status, response.headers.get("content-type")]).toEqual([200, type]);
    clock.advance(60_000);
    answer.resolve(toTask({}));
    const text = await response.text();
    expect(/^ +/.exec(text)?.[0].length).toBe(5);
    expect(JSON.stringify(JSON.parse(text))).toContain("t-1");
    clock.advance(60_000);
    expect(clock.pending).toBe(0);
  });

  test("that fails after its response has begun cuts the connection", async () => {
    const { fetch, clock, answer, begun } = createSlowGateway();
    const pending = fetch("/message:send", post({ message: userMessage }));
    await begun();
    clock.advance(60_000);
    const response = await pending;
    answer.reject(new TaskError({ code: "unavailable", message: "gone", retryAfter: 1 }));
    await expect(response.text()).rejects.toThrow("after its response had begun");
    clock.advance(60_000);
    expect(clock.pending).toBe(0);
  });

  test("that is refused late over JSON-RPC still says why", async () => {
    const { fetch, clock, answer, begun } = createSlowGateway();
    const pending = fetch("/agents/echo", rpc("SendMessage", { message: userMessage }));
    await begun();
    clock.advance(60_000);
    const response = await pending;
    answer.reject(new TaskError({ code: "invalid-agent-response", message: "odd" }));
    expect(await response.json()).toMatchObject({ id: 7, error: { code: -32006 } });
  });

  test("stops its white space when the client leaves", async () => {
    const { fetch, clock, begun } = createSlowGateway();
    const pending = fetch("/agents/echo", rpc("SendMessage", { message: userMessage }));
    await begun();
    clock.advance(60_000);
    await (await pending).body?.cancel();
    clock.advance(60_000);
    expect(clock.pending).toBe(0);
  });
});

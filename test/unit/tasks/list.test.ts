import { ListTasksRequest, TaskState } from "@a2a-js/sdk";
import type { ListTasksResponse } from "@a2a-js/sdk";
import { expect, test } from "vitest";
import { callerOf, createFixture } from "./engine-fixture.ts";
import type { Fixture } from "./engine-fixture.ts";

function createTasks(): Fixture & { readonly list: (request?: object) => Promise<ListTasksResponse> } {
  const fixture = createFixture(async (turn) => {
    await turn.artifact("a").close("x");
    await (turn.message.parts[0]?.content?.value === "ask" ? turn.ask("?") : turn.complete("done"));
  });
  const list = async (request: object = {}): Promise<ListTasksResponse> =>
    fixture.engine.list(fixture.call(), ListTasksRequest.fromJSON(request));
  return { ...fixture, list };
}

const ids = ({ tasks }: ListTasksResponse): string[] => tasks.map(({ id }) => id);

test("every filter keeps what it names", async () => {
  const { send, list, clock, call } = createTasks();
  const done = await send("go", { contextId: "c1" });
  await clock.advance(1_000);
  const asking = await send("ask", { contextId: "c2" });
  await send("go", {}, call({ caller: callerOf("b") }));
  expect(ids(await list())).toEqual([asking.id, done.id]);
  expect(ids(await list({ contextId: "c1" }))).toEqual([done.id]);
  expect(ids(await list({ contextId: "none" }))).toEqual([]);
  expect(ids(await list({ status: "TASK_STATE_INPUT_REQUIRED" }))).toEqual([asking.id]);
  expect(ids(await list({ status: TaskState.TASK_STATE_COMPLETED }))).toEqual([done.id]);
  expect(ids(await list({ statusTimestampAfter: asking.status?.timestamp }))).toEqual([asking.id]);
  expect(await list({ status: "TASK_STATE_COMPLETED" })).toMatchObject({ totalSize: 1, nextPageToken: "" });
});

test("a task is shown without what was not asked for", async () => {
  const { send, list } = createTasks();
  await send("go");
  await send("ask");
  for (const task of (await list()).tasks) {
    expect([task.history, task.artifacts]).toEqual([[], []]);
  }
  for (const task of (await list({ includeArtifacts: true, historyLength: 1 })).tasks) {
    expect([task.history.length, task.artifacts.length]).toEqual([1, 1]);
  }
});

test("a walk shows no task twice and every unchanged one, newest first, while others change", async () => {
  const { send, list, clock, engine, call } = createTasks();
  const sent: string[] = [];
  for (let at = 0; at < 12; at += 1) {
    sent.push((await send(at % 3 === 0 ? "ask" : "go")).id);
    await clock.advance(at % 2);
  }
  const changing = sent[0] ?? "";
  const seen: string[] = [];
  let pageToken = "";
  do {
    const page = await list({ pageSize: 5, pageToken });
    expect(page.totalSize).toBe(12);
    seen.push(...ids(page));
    if (pageToken === "") {
      await engine.cancel(call(), { id: changing });
      await send("go");
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen.toSorted()).toEqual(sent.filter((id) => id !== changing).toSorted());
});

test("a page token of another walk is refused", async () => {
  const { send, list } = createTasks();
  await send("go");
  await send("go");
  const { nextPageToken: pageToken } = await list({ pageSize: 1 });
  expect((await list({ pageSize: 2, pageToken })).tasks).toHaveLength(1);
  const refused = { fault: { code: "invalid", violations: [{ field: "pageToken" }] } };
  await expect(list({ pageToken, contextId: "c" })).rejects.toMatchObject(refused);
  await expect(list({ pageToken: `${pageToken}0` })).rejects.toMatchObject(refused);
});

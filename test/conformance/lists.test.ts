import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Answer, JsonObject } from "./json.ts";
import { toSend } from "./messages.ts";
import type { Peer } from "./peer.ts";
import { describeBindings } from "./target.ts";

describeBindings("ListTasks", (connect) => {
  const echo = connect("echo");
  const chat = connect("chat");

  test("is empty in full where nothing is [3.1.4-next-page-token] [3.1.4-visible-only]", async () => {
    const empty = await echo.call("ListTasks", { tenant: randomUUID() });
    expect(empty).toEqual({ tasks: [], nextPageToken: "", pageSize: 50, totalSize: 0 });
  });

  test("gives the newest status first, whatever began first [3.1.4-order]", async () => {
    const tenant = randomUUID();
    const [first = "", second, third] = await createTasks(chat, 3, tenant);
    await chat.call("SendMessage", { ...toSend("Ada", { taskId: first }), tenant });
    const { tasks } = await chat.call("ListTasks", { tenant });
    expect(idsOf(tasks)).toEqual([first, third, second]);
    const times = tasks.map((task: Answer) => Date.parse(task.status.timestamp));
    expect(times).toEqual(times.toSorted((a: number, b: number) => b - a));
  });

  describe("pages", () => {
    test("walk over every task once, with one total [3.1.4-cursor] [3.1.4-next-page-token]", async () => {
      const tenant = randomUUID();
      const ids = await createTasks(echo, 7, tenant);
      const pages = await walk(echo, { tenant, pageSize: 3 });
      expect(pages.map((page) => page.tasks.length)).toEqual([3, 3, 1]);
      expect(pages.map((page) => page.totalSize)).toEqual([7, 7, 7]);
      expect(pages.map((page) => page.nextPageToken === "")).toEqual([false, false, true]);
      expect(pages.flatMap((page) => idsOf(page.tasks))).toEqual(ids.toReversed());
    });

    test("that hold the last task exactly have no successor", async () => {
      const tenant = randomUUID();
      await createTasks(echo, 4, tenant);
      expect((await walk(echo, { tenant, pageSize: 2 })).map((page) => page.tasks.length)).toEqual([2, 2]);
    });

    test("show no task twice when others come in between [3.1.4-cursor]", async () => {
      const tenant = randomUUID();
      const ids = await createTasks(echo, 4, tenant);
      const first = await echo.call("ListTasks", { tenant, pageSize: 2 });
      await createTasks(echo, 2, tenant);
      const second = await echo.call("ListTasks", { tenant, pageSize: 2, pageToken: first.nextPageToken });
      expect([...idsOf(first.tasks), ...idsOf(second.tasks)]).toEqual(ids.toReversed());
    });

    test("mix waiting and ended tasks in the order of their times", async () => {
      const tenant = randomUUID();
      const ids = await createTasks(chat, 6, tenant);
      for (const taskId of ids.slice(0, 3)) await chat.call("SendMessage", { ...toSend("Ada", { taskId }), tenant });
      const pages = await walk(chat, { tenant, pageSize: 2 });
      const expected = [ids[2], ids[1], ids[0], ids[5], ids[4], ids[3]];
      expect(pages.flatMap((page) => idsOf(page.tasks))).toEqual(expected);
    });
  });

  describe("filters", () => {
    test("by context and by state", async () => {
      const tenant = randomUUID();
      const contextId = randomUUID();
      const [mine, asked] = [await createTasks(chat, 1, tenant, { contextId }), await createTasks(chat, 2, tenant)];
      await chat.call("SendMessage", { ...toSend("Ada", { taskId: asked[0] ?? "" }), tenant });
      const list = async (filter: JsonObject) => idsOf((await chat.call("ListTasks", { tenant, ...filter })).tasks);
      expect(await list({ contextId })).toEqual(mine);
      expect(await list({ status: "TASK_STATE_COMPLETED" })).toEqual([asked[0]]);
      expect(await list({ status: "TASK_STATE_INPUT_REQUIRED" })).toEqual([asked[1], mine[0]]);
      expect(await list({ status: "TASK_STATE_INPUT_REQUIRED", contextId })).toEqual(mine);
      expect(await list({ contextId: randomUUID() })).toEqual([]);
    });

    test("by status time, that time included [5.6.1-parsed]", async () => {
      const tenant = randomUUID();
      const ids = await createTasks(echo, 3, tenant);
      const { tasks } = await echo.call("ListTasks", { tenant });
      const list = async (after: string) => {
        const page = await echo.call("ListTasks", { tenant, statusTimestampAfter: after });
        return [page.totalSize, idsOf(page.tasks)];
      };
      const middle: string = tasks[1].status.timestamp;
      expect(await list(middle)).toEqual([2, [ids[2], ids[1]]]);
      expect(await list(toOffset(middle))).toEqual([2, [ids[2], ids[1]]]);
      expect(await list("2001-01-01T00:00:00Z")).toEqual([3, ids.toReversed()]);
      expect(await list("2999-01-01T00:00:00Z")).toEqual([0, []]);
    });

    test("keep the total to what they let through", async () => {
      const tenant = randomUUID();
      const contextId = randomUUID();
      await createTasks(echo, 3, tenant, { contextId });
      await createTasks(echo, 2, tenant);
      expect((await echo.call("ListTasks", { tenant, contextId, pageSize: 1 })).totalSize).toBe(3);
    });
  });

  describe("what a listed task carries", () => {
    test("artifacts only on request [3.1.4-artifacts-omitted]", async () => {
      const tenant = randomUUID();
      await createTasks(echo, 1, tenant);
      for (const params of [{}, { includeArtifacts: false }]) {
        const { tasks } = await echo.call("ListTasks", { tenant, ...params });
        expect(tasks[0]).not.toHaveProperty("artifacts");
      }
      const { tasks } = await echo.call("ListTasks", { tenant, includeArtifacts: true });
      expect(tasks[0].artifacts).toMatchObject([{ artifactId: "echo", parts: [{ text: "0" }] }]);
    });

    test("as many messages as asked for [3.2.4-history-length]", async () => {
      const tenant = randomUUID();
      const [taskId = ""] = await createTasks(chat, 1, tenant);
      await chat.call("SendMessage", { ...toSend("Ada", { taskId }), tenant });
      const full = (await chat.call("GetTask", { id: taskId, tenant })).history;
      const one = await chat.call("ListTasks", { tenant, historyLength: 1 });
      expect(one.tasks[0].history).toEqual(full.slice(-1));
      expect((await chat.call("ListTasks", { tenant, historyLength: 0 })).tasks[0]).not.toHaveProperty("history");
    });
  });

  describe("refuses", () => {
    test.each<[string, JsonObject]>([
      ["a page of none", { pageSize: 0 }],
      ["a page of 101", { pageSize: 101 }],
      ["a negative page", { pageSize: -1 }],
      ["a page in pieces", { pageSize: 1.5 }],
      ["a negative historyLength", { historyLength: -1 }],
      ["an unknown state", { status: "TASK_STATE_RUNNING" }],
      ["a time that is none", { statusTimestampAfter: "yesterday" }],
      ["a token that we did not write", { pageToken: "MTIz" }],
    ])("%s [3.3.2-validation]", async (_, params) => {
      await expect(echo.call("ListTasks", params)).rejects.toMatchObject(echo.refusal("INVALID_PARAMS"));
    });

    test("a page token of other filters, another tenant, another agent, or changed", async () => {
      const tenant = randomUUID();
      await createTasks(echo, 3, tenant);
      const { nextPageToken: pageToken } = await echo.call("ListTasks", { tenant, pageSize: 1 });
      const last = pageToken.at(-1) === "a" ? "b" : "a";
      const wrong: [Peer, JsonObject][] = [
        [echo, { tenant, pageToken, contextId: "other" }],
        [echo, { tenant, pageToken, status: "TASK_STATE_COMPLETED" }],
        [echo, { tenant: randomUUID(), pageToken }],
        [chat, { tenant, pageToken }],
        [echo, { tenant, pageToken: pageToken.slice(0, -1) + last }],
      ];
      for (const [peer, params] of wrong) {
        await expect(peer.call("ListTasks", { pageSize: 1, ...params })).rejects.toMatchObject(
          peer.refusal("INVALID_PARAMS"),
        );
      }
    });
  });
});

/** Tasks of one tenant, one after the other; their ids in the order of their making. */
async function createTasks(peer: Peer, count: number, tenant: string, message: JsonObject = {}): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const { task } = await peer.call("SendMessage", { ...toSend(String(index), message), tenant });
    ids.push(task.id);
  }
  return ids;
}

async function walk(peer: Peer, params: JsonObject): Promise<Answer[]> {
  const pages = [await peer.call("ListTasks", params)];
  while (pages.at(-1).nextPageToken !== "") {
    pages.push(await peer.call("ListTasks", { ...params, pageToken: pages.at(-1).nextPageToken }));
  }
  return pages;
}

function idsOf(tasks: readonly Answer[]): string[] {
  return tasks.map(({ id }) => id);
}

/** The same moment as seen two hours further east. */
function toOffset(timestamp: string): string {
  const east = new Date(Date.parse(timestamp) + 2 * 3_600_000).toISOString();
  return east.replace("Z", "+02:00");
}

import { randomInt } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import type { LogWrite, TaskKey, TaskLog } from "../../src/ports/task-log.ts";
import { freshTask } from "./fresh.ts";

/** What every task log does. `store` is called once, before the first case. */
export function describeTaskLog(store: () => TaskLog): void {
  describe("task log", () => {
    let log: TaskLog;
    beforeAll(() => {
      log = store();
    });

    test("gives back what was created, to every kind of read", async () => {
      const task = freshTask();
      const etag = await log.create(task, "head", [insert("e-0000000001", "event"), insert("s", "snapshot")]);

      expect(await log.readHead(task)).toEqual({ body: "head", etag });
      expect((await log.readTask(task))?.head.body).toBe("head");
      expect((await log.readTask(task))?.head.etag).toBe(etag);
      expect((await log.readTask(task))?.snapshot).toBe("snapshot");
      expect(await log.readRow(task, "e-0000000001")).toBe("event");
      expect(await range(log, task, "e-0000000001", "e-9999999999")).toEqual(["e-0000000001=event"]);
    });

    test("knows nothing of a task or a row that does not exist", async () => {
      const task = freshTask();

      expect(await log.readHead(task)).toBeUndefined();
      expect(await log.readTask(task)).toBeUndefined();
      expect(await log.readRow(task, "e-0000000001")).toBeUndefined();
      expect(await log.readRange(task, "e-", "e-~")).toEqual([]);
      await log.create(task, "head", []);
      expect((await log.readTask(task))?.snapshot).toBeUndefined();
      expect(await log.readRow(task, "e-0000000001")).toBeUndefined();
    });

    test("keeps tasks of the same id in two scopes apart", async () => {
      const one = freshTask();
      const other = { ...freshTask(), taskId: one.taskId };
      await log.create(one, "one", [insert("e-0000000001", "1")]);

      expect(await log.readTask(other)).toBeUndefined();
      await log.create(other, "other", [insert("e-0000000001", "2")]);
      expect((await log.readHead(one))?.body).toBe("one");
    });

    test.each([[[]], [[insert("e-0000000001", "second")]]])(
      "refuses to create a task twice, with rows %j",
      async (writes) => {
        const task = freshTask();
        await log.create(task, "first", []);

        await expect(log.create(task, "second", writes)).rejects.toMatchObject(fault("conflict"));
        expect((await log.readHead(task))?.body).toBe("first");
        expect(await log.readRange(task, "e-", "e-~")).toEqual([]);
      },
    );

    test("follows a chain of etags, with rows and without", async () => {
      const task = freshTask();
      const first = await log.create(task, "1", []);
      const second = await log.append(task, "2", [insert("e-0000000001", "event")], first);
      const third = await log.append(task, "3", [], second);

      expect(new Set([first, second, third]).size).toBe(3);
      expect(await log.readHead(task)).toEqual({ body: "3", etag: third });
    });

    test.each([[[]], [[insert("e-0000000002", "late")]]])("refuses a stale etag, with rows %j", async (writes) => {
      const task = freshTask();
      const stale = await log.create(task, "1", []);
      await log.append(task, "2", [], stale);

      await expect(log.append(task, "late", writes, stale)).rejects.toMatchObject(fault("conflict"));
      expect((await log.readHead(task))?.body).toBe("2");
      expect(await log.readRow(task, "e-0000000002")).toBeUndefined();
    });

    test.each([[[]], [[insert("e-0000000001", "event")]]])(
      "refuses to append to no task, with rows %j",
      async (writes) => {
        const other = await log.create(freshTask(), "1", []);
        const task = freshTask();

        await expect(log.append(task, "2", writes, other)).rejects.toMatchObject(fault("conflict"));
        expect(await log.readTask(task)).toBeUndefined();
        expect(await log.readRange(task, "e-", "e-~")).toEqual([]);
      },
    );

    test("lets one of two writers with the same etag through", async () => {
      const task = freshTask();
      const etag = await log.create(task, "1", []);
      const race = ["a", "b", "c", "d"].map((name) => log.append(task, name, [insert("e-0000000001", name)], etag));
      const won = (await Promise.allSettled(race)).flatMap(({ status }, at) =>
        status === "fulfilled" ? ["abcd"[at]] : [],
      );

      expect(won).toHaveLength(1);
      expect((await log.readHead(task))?.body).toBe(won[0]);
      expect(await log.readRow(task, "e-0000000001")).toBe(won[0]);
    });

    test("leaves nothing of a change in which one row exists already", async () => {
      const task = freshTask();
      const etag = await log.create(task, "1", [insert("e-0000000001", "old"), insert("s", "old")]);
      const writes = [put("s", "new"), insert("e-0000000002", "new"), insert("e-0000000001", "new")];

      await expect(log.append(task, "2", writes, etag)).rejects.toMatchObject(fault("conflict"));
      expect(await log.readHead(task)).toEqual({ body: "1", etag });
      expect((await log.readTask(task))?.snapshot).toBe("old");
      expect(await range(log, task, "e-", "e-~")).toEqual(["e-0000000001=old"]);
    });

    test("leaves nothing of a change that deletes a row which does not exist", async () => {
      const task = freshTask();
      const etag = await log.create(task, "1", []);
      const writes: LogWrite[] = [insert("e-0000000001", "new"), { op: "delete", key: "c-1" }];

      await expect(log.append(task, "2", writes, etag)).rejects.toMatchObject(fault("conflict"));
      expect(await log.readHead(task)).toEqual({ body: "1", etag });
      expect(await log.readRow(task, "e-0000000001")).toBeUndefined();
    });

    test("puts a row over another, shorter and longer, and deletes it", async () => {
      const task = freshTask();
      const long = "x".repeat(200 * 1024);
      let etag = await log.create(task, "1", [put("s", "first")]);
      for (const body of [long, "short", "other"]) {
        etag = await log.append(task, "2", [put("s", body)], etag);
        expect((await log.readTask(task))?.snapshot).toBe(body);
      }
      await log.append(task, "3", [{ op: "delete", key: "s" }], etag);
      expect(await log.readRow(task, "s")).toBeUndefined();
    });

    test.each([0, 1, 65_535, 65_536, 65_537, 131_072, 900 * 1024])("keeps bodies of %i bytes", async (length) => {
      const task = freshTask();
      const body = randomText(length);
      await log.create(task, body, [insert("e-0000000001", body)]);

      expect((await log.readHead(task))?.body === body).toBe(true);
      expect((await log.readRow(task, "e-0000000001")) === body).toBe(true);
    });

    test("keeps a part of a longer text and nothing of what is around it", async () => {
      const task = freshTask();
      const body = "secret-mine-secret".repeat(2).slice(7, 11);
      await log.create(task, body, [insert("s", body)]);

      expect((await log.readTask(task))?.head.body).toBe(body);
      expect((await log.readTask(task))?.snapshot).toBe(body);
    });

    test("keeps every character", async () => {
      const task = freshTask();
      const hard = JSON.stringify({ ключ: "–\r\n--changeset_x--\u0000\u2028🙂'\"\\ETag: RowKey='x'{}" });
      await log.create(task, hard, [insert("s", hard)]);

      expect((await log.readTask(task))?.head.body).toBe(hard);
      expect((await log.readTask(task))?.snapshot).toBe(hard);
    });

    test("takes 100 rows with the head, and not one more", async () => {
      const task = freshTask();
      const rows = (count: number) => Array.from({ length: count }, (_, at) => insert(eventKey(at + 1), "x"));

      await expect(log.create(task, "1", rows(100))).rejects.toMatchObject(fault("rejected"));
      expect(await log.readTask(task)).toBeUndefined();
      await log.create(task, "1", rows(99));
      expect(await log.readRange(task, eventKey(1), eventKey(99))).toHaveLength(99);
    });

    test("takes 2.9 MiB at once, and not 100 KiB more", async () => {
      const task = freshTask();
      const full = Math.floor((2.9 * 1024 * 1024) / 97) - 100;
      const rows = (length: number) =>
        Array.from({ length: 97 }, (_, at): LogWrite => ({
          op: "insert",
          row: { key: eventKey(at + 1), body: randomText(length) },
        }));

      await expect(log.create(task, "1", rows(full + 1_300))).rejects.toMatchObject(fault("rejected"));
      expect(await log.readTask(task)).toBeUndefined();
      await log.create(task, "1", rows(full));
      expect((await log.readRange(task, eventKey(1), eventKey(97))).map(({ body }) => Buffer.byteLength(body))).toEqual(
        Array(97).fill(full),
      );
    });

    test("refuses a body over 900 KiB", async () => {
      const task = freshTask();
      const etag = await log.create(task, "1", []);
      const body = randomText(900 * 1024 + 1);

      await expect(log.append(task, "2", [{ op: "put", row: { key: "s", body } }], etag)).rejects.toMatchObject(
        fault("rejected"),
      );
      await expect(log.append(task, body, [], etag)).rejects.toMatchObject(fault("rejected"));
      expect((await log.readHead(task))?.etag).toBe(etag);
    });

    test("reads a range in key order, both ends included, whatever order the rows came in", async () => {
      const task = freshTask();
      const keys = [3, 1, 2, 5, 4].map(eventKey);
      await log.create(task, "1", [
        put("s", "s"),
        put("c-1", "c"),
        ...keys.map((key) => insert(key, "x")),
        put("k-1", "k"),
      ]);
      const found = async (from: string, to: string) => (await log.readRange(task, from, to)).map(({ key }) => key);

      expect(await found(eventKey(1), eventKey(5))).toEqual([1, 2, 3, 4, 5].map(eventKey));
      expect(await found(eventKey(2), eventKey(4))).toEqual([2, 3, 4].map(eventKey));
      expect(await found(eventKey(5), eventKey(9))).toEqual([eventKey(5)]);
      expect(await found(eventKey(6), eventKey(9))).toEqual([]);
      expect(await found("c-", "c-~")).toEqual(["c-1"]);
    });

    test("reads ranges over a thousand rows whole", async () => {
      const task = freshTask();
      let etag = await log.create(task, "0", []);
      for (let first = 1; first <= 1_089; first += 99) {
        const writes = Array.from({ length: 99 }, (_, at) => insert(eventKey(first + at), String(first + at)));
        etag = await log.append(task, "n", writes, etag);
      }
      const rows = await log.readRange(task, eventKey(2), eventKey(1_088));

      expect(rows.map(({ key }) => key)).toEqual(Array.from({ length: 1_087 }, (_, at) => eventKey(at + 2)));
    });

    test("changes and deletes a row apart from its head, under the row's etag only", async () => {
      const task = freshTask();
      const etag = await log.create(task, "head", [put("c-1", "one")]);
      const first = await log.readVersioned(task, "c-1");
      expect(first?.body).toBe("one");
      const second = await log.replaceRow(task, { key: "c-1", body: "two" }, first?.etag ?? "");

      await expect(log.replaceRow(task, { key: "c-1", body: "x" }, first?.etag ?? "")).rejects.toMatchObject(
        fault("conflict"),
      );
      await expect(log.deleteRow(task, "c-1", first?.etag ?? "")).rejects.toMatchObject(fault("conflict"));
      expect(await log.readVersioned(task, "c-1")).toMatchObject({ etag: second });
      expect((await log.readHead(task))?.etag).toBe(etag);
      await log.deleteRow(task, "c-1", second);
      expect(await log.readVersioned(task, "c-1")).toBeUndefined();
      await expect(log.deleteRow(task, "c-1", second)).rejects.toMatchObject(fault("conflict"));
      await expect(log.replaceRow(task, { key: "c-1", body: "x" }, second)).rejects.toMatchObject(fault("conflict"));
    });

    test("a row that a transaction puts again has another etag", async () => {
      const task = freshTask();
      const etag = await log.create(task, "head", [put("c-1", "one")]);
      const first = await log.readVersioned(task, "c-1");
      await log.append(task, "head", [put("c-1", "one")], etag);

      await expect(log.deleteRow(task, "c-1", first?.etag ?? "")).rejects.toMatchObject(fault("conflict"));
    });

    test("lists the keys of a task's rows, not its head's", async () => {
      const task = freshTask();
      await log.create(task, "head", [insert(eventKey(1), "x"), put("s", "s"), put("c-1", "c"), put("m-1", "m")]);

      expect((await log.listKeys(task)).toSorted()).toEqual(["c-1", eventKey(1), "m-1", "s"]);
      expect(await log.listKeys(freshTask())).toEqual([]);
    });

    test("removes a head under its etag only, and then the task can be created again", async () => {
      const task = freshTask();
      const first = await log.create(task, "1", []);
      const second = await log.append(task, "2", [], first);

      await expect(log.remove(task, first)).rejects.toMatchObject(fault("conflict"));
      await log.remove(task, second);
      await expect(log.remove(task, second)).rejects.toMatchObject(fault("conflict"));
      expect(await log.readHead(task)).toBeUndefined();
      await log.create(task, "3", []);
    });

    test("walks over all tasks, and over those of one scope", async () => {
      const one = freshTask();
      const tasks = [one, { ...freshTask(), scope: one.scope }, freshTask()];
      await Promise.all(tasks.map((task) => log.create(task, "head", [insert(eventKey(1), "x")])));

      expect(await walk(log, one.scope)).toEqual(names(tasks.slice(0, 2)));
      expect(await walk(log)).toEqual(expect.arrayContaining(names(tasks)));
    });
  });
}

async function walk(log: TaskLog, scope?: string): Promise<string[]> {
  const found: TaskKey[] = [];
  let after: string | undefined;
  do {
    const { tasks, next } = await log.listTasks(after, scope);
    found.push(...tasks);
    after = next;
  } while (after !== undefined);
  return names(found);
}

function names(tasks: readonly TaskKey[]): string[] {
  return tasks.map(({ scope, taskId }) => `${scope}.${taskId}`).toSorted();
}

function eventKey(generation: number): string {
  return `e-${String(generation).padStart(10, "0")}`;
}

function insert(key: string, body: string): LogWrite {
  return { op: "insert", row: { key, body } };
}

function put(key: string, body: string): LogWrite {
  return { op: "put", row: { key, body } };
}

/** Of so many bytes in UTF-8, with characters of every length at every place where a body may be cut. */
function randomText(bytes: number): string {
  const characters = ["", "a", "ü", "–", "🙂"];
  let text = "";
  for (let left = bytes; left > 0;) {
    const size = randomInt(1, Math.min(left, 4) + 1);
    text += characters[size];
    left -= size;
  }
  return text;
}

function fault(code: string): object {
  return { name: "StoreError", fault: { code } };
}

async function range(log: TaskLog, task: ReturnType<typeof freshTask>, from: string, to: string): Promise<string[]> {
  return (await log.readRange(task, from, to)).map(({ key, body }) => `${key}=${body}`);
}

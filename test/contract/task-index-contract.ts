import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import type { DoneFilter, DoneRow, EndedTask, ListCursor, OpenRow, TaskIndex } from "../../src/ports/task-index.ts";
import { freshScope } from "./fresh.ts";

/** What every task index does. `store` is called once, before the first case. */
export function describeTaskIndex(store: () => TaskIndex): void {
  describe("task index", () => {
    let index: TaskIndex;
    beforeAll(() => {
      index = store();
    });

    /** Rows of other cases are due too. */
    const dueIn = async (scope: string, now: number) =>
      (await index.listDue(now, 1_000)).filter(({ row }) => row.scope === scope);

    test("lists open rows of one scope and agent", async () => {
      const row = openRow();
      const neighbours = [openRow({ agent: row.agent }), { ...row, agent: "echo-2" }, { ...row, agent: "ech" }];
      for (const other of [row, { ...row, turn: 2 }, ...neighbours]) {
        await index.putOpen(other);
      }

      expect((await index.listOpen(row.scope, row.agent)).toSorted((one, other) => one.turn - other.turn)).toEqual([
        row,
        { ...row, turn: 2 },
      ]);
    });

    test("deletes an open row once or twice, and no other turn's", async () => {
      const row = openRow();
      await index.putOpen(row);
      await index.putOpen({ ...row, turn: 2 });
      await index.deleteOpen(row);
      await index.deleteOpen(row);

      expect(await index.listOpen(row.scope, row.agent)).toEqual([{ ...row, turn: 2 }]);
    });

    test("deletes an open row that was read, not the one that was put in its place", async () => {
      const row = openRow();
      await index.putOpen(row);
      const [found] = await dueIn(row.scope, row.due);
      await index.putOpen({ ...row, created: row.created + 1 });
      await index.deleteOpen(row, found?.etag);
      expect(await index.listOpen(row.scope, row.agent)).toEqual([{ ...row, created: row.created + 1 }]);

      const [current] = await dueIn(row.scope, row.due);
      await index.deleteOpen(row, current?.etag);
      expect(await index.listOpen(row.scope, row.agent)).toEqual([]);
    });

    test("puts an open row again", async () => {
      const row = openRow();
      await index.putOpen(row);
      await index.putOpen({ ...row, due: row.due + 1 });

      expect(await index.listOpen(row.scope, row.agent)).toEqual([{ ...row, due: row.due + 1 }]);
    });

    test("finds what is due in every scope, and nothing before its time", async () => {
      const rows = Array.from("0123456789abcdef", (digit) => openRow({ scope: freshScope().slice(0, -1) + digit }));
      await Promise.all(rows.map((row) => index.putOpen(row)));
      const scopes = new Set(rows.map(({ scope }) => scope));
      const found = async (now: number) =>
        (await index.listDue(now, 1_000)).map(({ row }) => row.scope).filter((scope) => scopes.has(scope));

      expect(await found((rows[0]?.due ?? 0) - 1)).toEqual([]);
      expect(new Set(await found(rows[0]?.due ?? 0))).toEqual(scopes);
    });

    test("gives no more due rows than asked for, those of any scope that are due longest", async () => {
      const rows = [5, 1, 3, 7, 2].map((due, digit) => openRow({ scope: freshScope().slice(0, -1) + digit, due }));
      await Promise.all(rows.map((row) => index.putOpen(row)));

      expect((await index.listDue(10, 3)).map(({ row }) => row.due)).toEqual([1, 2, 3]);
    });

    test("lets one of two claimers move a row, and not again with the old etag", async () => {
      const row = openRow();
      await index.putOpen(row);
      const [found] = await dueIn(row.scope, row.due);
      const claims = await Promise.all(
        [1, 2, 3].map((more) => index.claimOpen(row, found?.etag ?? "", row.due + more)),
      );

      expect(claims.filter(Boolean)).toHaveLength(1);
      expect(await dueIn(row.scope, row.due)).toEqual([]);
      expect((await index.listOpen(row.scope, row.agent))[0]).toEqual({
        ...row,
        due: row.due + claims.indexOf(true) + 1,
      });
      expect(await index.claimOpen(row, found?.etag ?? "", row.due + 9)).toBe(false);
    });

    test("does not let a deleted row be claimed, nor brings it back", async () => {
      const row = openRow();
      await index.putOpen(row);
      const [found] = await dueIn(row.scope, row.due);
      await index.deleteOpen(row);

      expect(await index.claimOpen(row, found?.etag ?? "", row.due + 1)).toBe(false);
      expect(await index.listOpen(row.scope, row.agent)).toEqual([]);
    });

    test("lists ended tasks newest first, those of one moment by id", async () => {
      const rows = doneRows([30, 10, 20, 20, 20, 40]);
      await putAll(rows);
      await putAll(rows.slice(0, 3));

      expect(await list(rows[0], {}, undefined, 100)).toEqual(inListOrder(rows));
    });

    test.each([1, 2, 3, 7])("walks a list in pages of %i without repeating or missing a row", async (size) => {
      const rows = doneRows([30, 10, 20, 20, 20, 40, 10]);
      await putAll(rows);
      const walked: DoneRow[] = [];
      for (let after: ListCursor | undefined; ; after = walked.at(-1)) {
        const page = await list(rows[0], {}, after, size);
        expect(page.length).toBeLessThanOrEqual(size);
        if (page.length === 0) break;
        walked.push(...page);
      }

      expect(walked).toEqual(inListOrder(rows));
    });

    test("goes on after a cursor whose row is gone or never was", async () => {
      const rows = doneRows([10, 20, 30]);
      await putAll(rows);

      expect(await list(rows[0], {}, { statusTime: 25, taskId: "x" }, 100)).toEqual([rows[1], rows[0]]);
    });

    test("keeps lists of scopes and agents apart", async () => {
      const [row] = doneRows([10]) as [DoneRow];
      await putAll([row, { ...row, agent: "echo-2" }, { ...row, scope: freshScope() }]);

      expect(await list(row, {}, undefined, 100)).toEqual([row]);
    });

    test("filters by context, state and time, alone and together, with the same number of ids", async () => {
      const rows = doneRows([10, 20, 30, 40]).map((row, at) => ({
        ...row,
        contextId: at % 2 === 0 ? "even" : "odd",
        state: at < 2 ? "TASK_STATE_COMPLETED" : "TASK_STATE_FAILED",
      }));
      await putAll(rows);
      const [a, b, c, d] = rows;
      for (const [filter, expected] of [
        [{ contextId: "even" }, [c, a]],
        [{ state: "TASK_STATE_COMPLETED" }, [b, a]],
        [{ since: 20 }, [d, c, b]],
        [{ since: 21 }, [d, c]],
        [{ since: -1e15 }, [d, c, b, a]],
        [{ since: 8.64e15 }, []],
        [{ contextId: "odd", state: "TASK_STATE_FAILED", since: 40 }, [d]],
        [{ contextId: "none" }, []],
      ] as const) {
        expect(await list(a, filter, undefined, 100)).toEqual(expected);
        expect(await count(a, filter)).toBe(expected.length);
        for (const row of rows) {
          const others = expected.filter((one) => one?.taskId !== row.taskId);
          expect(await count(a, filter, new Set([row.taskId, "no such task"]))).toBe(others.length);
        }
        expect(await count(a, filter, new Set(rows.map(({ taskId }) => taskId)))).toBe(0);
      }
      expect(await list(a, { contextId: "even" }, c, 1)).toEqual([a]);
    });

    test.each(["it's", "' or PartitionKey ne '", "100% & a=b+c#d?/\\", "контекст 🙂", "a\nb\tc", " ", "''"])(
      "keeps and finds the context %j",
      async (contextId) => {
        const [row, other] = doneRows([10, 20]) as [DoneRow, DoneRow];
        await putAll([{ ...row, contextId }, other]);

        expect(await list(row, { contextId }, undefined, 100)).toEqual([{ ...row, contextId }]);
      },
    );

    test("deletes a done row once or twice, and no other", async () => {
      const rows = doneRows([10, 10, 20]);
      await putAll(rows);
      await index.deleteDone(rows[0] as DoneRow);
      await index.deleteDone(rows[0] as DoneRow);

      expect(await list(rows[0], {}, undefined, 100)).toEqual(inListOrder(rows.slice(1)));
    });

    test("walks over what ended before a time, in every list", async () => {
      const [few, many] = [doneRows([10, 20, 30]), doneRows(Array.from({ length: 1_200 }, () => 15))];
      const other = doneRows([19, 21]).map((row) => ({ ...row, agent: "echo-2" }));
      for (const rows of [few, other, many.slice(0, 600), many.slice(600)]) {
        await putAll(rows);
      }
      const scopes = [few, many, other].map(([row]) => row?.scope);
      const found: string[] = [];
      let after: string | undefined;
      do {
        const { rows, next } = await index.listEnded(20, after);
        found.push(...rows.filter(({ scope }) => scopes.includes(scope)).map(toName));
        after = next;
      } while (after !== undefined);

      expect(found.toSorted()).toEqual([few[0], ...many, other[0]].map((row) => toName(row as DoneRow)).toSorted());
    });

    test("keeps projections of 256 KiB", async () => {
      const [row] = doneRows([10]) as [DoneRow];
      const projection = JSON.stringify("ü–🙂a".repeat(26_214));
      await index.putDone({ ...row, projection });

      expect(Buffer.byteLength(projection)).toBe(256 * 1024 - 2);
      expect((await list(row, {}, undefined, 1))[0]?.projection === projection).toBe(true);
    });

    test("lists more than a thousand rows and ids", async () => {
      const rows = doneRows(Array.from({ length: 1_010 }, (_, at) => at));
      for (let at = 0; at < rows.length; at += 101) {
        await putAll(rows.slice(at, at + 101));
      }

      const except = rows.slice(0, 7).map(({ taskId }) => taskId);
      expect(await count(rows[0], {})).toBe(1_010);
      expect(await count(rows[0], {}, new Set(except))).toBe(1_003);
      expect(await list(rows[0], {}, undefined, 1_005)).toEqual(inListOrder(rows).slice(0, 1_005));
    });

    function list(of: DoneRow | undefined, ...rest: Tail<Parameters<TaskIndex["listDone"]>>): Promise<DoneRow[]> {
      return index.listDone(of?.scope ?? "", of?.agent ?? "", ...rest);
    }

    function count(of: DoneRow | undefined, filter: DoneFilter, except = new Set<string>()): Promise<number> {
      return index.countDone(of?.scope ?? "", of?.agent ?? "", filter, except);
    }

    async function putAll(rows: readonly DoneRow[]): Promise<void> {
      await Promise.all(rows.map((row) => index.putDone(row)));
    }
  });
}

type Tail<T extends unknown[]> = T extends [unknown, unknown, ...infer Rest] ? Rest : never;

function openRow(part: Partial<OpenRow> = {}): OpenRow {
  return {
    scope: freshScope(),
    agent: "echo",
    taskId: randomUUID(),
    turn: 1,
    created: 1_800_000_000_000,
    due: 1_800_000_045_000,
    ...part,
  };
}

/** Rows of one list, one for each status time. */
function doneRows(times: readonly number[]): DoneRow[] {
  const scope = freshScope();
  return times.map((statusTime) => ({
    scope,
    agent: "echo",
    taskId: randomUUID(),
    contextId: "c",
    state: "TASK_STATE_COMPLETED",
    statusTime,
    projection: `{"at":${statusTime}}`,
  }));
}

function toName({ scope, agent, taskId, statusTime }: EndedTask): string {
  return [scope, agent, taskId, statusTime].join(".");
}

function inListOrder(rows: readonly DoneRow[]): DoneRow[] {
  return rows.toSorted((one, other) => other.statusTime - one.statusTime || (one.taskId < other.taskId ? -1 : 1));
}

import type { Etag } from "../../ports/task-log.ts";
import type { DoneFilter, DoneRow, ListCursor, OpenRow, TaskIndex } from "../../ports/task-index.ts";
import { firstAtOrAfter } from "./first-at-or-after.ts";

interface OpenVersion {
  readonly row: OpenRow;
  readonly etag: Etag;
}

/** A task index in this process's memory. */
export function createMemoryTaskIndex(): TaskIndex {
  /** By list, then by task and turn. */
  const open = new Map<string, Map<string, OpenVersion>>();
  /** By list, oldest status first: rows come in about this order. */
  const done = new Map<string, DoneRow[]>();
  /** By list: what is counted without a filter, which is on every first page. */
  const doneIds = new Map<string, Set<string>>();
  let version = 0;

  return {
    async putOpen(row) {
      const list = open.get(listKey(row)) ?? new Map<string, OpenVersion>();
      open.set(listKey(row), list.set(turnKey(row), { row, etag: nextEtag() }));
    },
    async deleteOpen(row, etag) {
      const list = open.get(listKey(row));
      if (etag !== undefined && list?.get(turnKey(row))?.etag !== etag) {
        return;
      }
      list?.delete(turnKey(row));
      if (list?.size === 0) {
        open.delete(listKey(row));
      }
    },
    async claimOpen(row, etag, due) {
      const list = open.get(listKey(row));
      const known = list?.get(turnKey(row));
      if (known?.etag !== etag) {
        return false;
      }
      list?.set(turnKey(row), { row: { ...known.row, due }, etag: nextEtag() });
      return true;
    },
    async listDue(now, limit) {
      const due = [...open.values()].flatMap((list) => [...list.values()].filter(({ row }) => row.due <= now));
      return due.toSorted((one, other) => one.row.due - other.row.due).slice(0, limit);
    },
    listOpen: async (scope, agent) => [...(open.get(listKey({ scope, agent }))?.values() ?? [])].map(({ row }) => row),
    async putDone(row) {
      const rows = done.get(listKey(row)) ?? [];
      done.set(listKey(row), rows);
      const at = firstAtOrAfter(rows, (other) => newestFirst(other, row) <= 0);
      const isPresent = rows[at]?.taskId === row.taskId && rows[at].statusTime === row.statusTime;
      rows.splice(at, isPresent ? 1 : 0, row);
      doneIds.set(listKey(row), (doneIds.get(listKey(row)) ?? new Set()).add(row.taskId));
    },
    async deleteDone({ taskId, statusTime, ...list }) {
      const rows = done.get(listKey(list));
      const kept = rows?.filter((row) => row.taskId !== taskId || row.statusTime !== statusTime) ?? [];
      if (kept.length === 0) {
        done.delete(listKey(list));
        doneIds.delete(listKey(list));
      } else {
        done.set(listKey(list), kept);
        doneIds.get(listKey(list))?.delete(taskId);
      }
    },
    async listEnded(before) {
      const rows = [...done.values()].flatMap((list) => list.filter(({ statusTime }) => statusTime < before));
      return { rows, next: undefined };
    },
    listDone: async (scope, agent, filter, after, limit) => take(walk(scope, agent, filter, after), limit),
    async countDone(scope, agent, filter, except) {
      const list = listKey({ scope, agent });
      if (Object.keys(filter).length === 0) {
        const ids = doneIds.get(list) ?? new Set();
        return ids.size - [...except].filter((taskId) => ids.has(taskId)).length;
      }
      let count = 0;
      for (const { taskId } of walk(scope, agent, filter)) {
        count += except.has(taskId) ? 0 : 1;
      }
      return count;
    },
  };

  function* walk(scope: string, agent: string, filter: DoneFilter, after?: ListCursor): Generator<DoneRow> {
    const rows = done.get(listKey({ scope, agent })) ?? [];
    const end = after ? firstAtOrAfter(rows, (row) => newestFirst(row, after) <= 0) : rows.length;
    for (let at = end - 1; at >= 0; at -= 1) {
      const row = rows[at] as DoneRow;
      if (filter.since !== undefined && row.statusTime < filter.since) {
        return;
      }
      if (matches(row, filter)) {
        yield row;
      }
    }
  }

  function nextEtag(): Etag {
    version += 1;
    return `"${version}"`;
  }
}

function matches(row: DoneRow, { contextId, state }: DoneFilter): boolean {
  return (contextId === undefined || row.contextId === contextId) && (state === undefined || row.state === state);
}

function take<T>(items: Iterable<T>, limit: number): T[] {
  const taken: T[] = [];
  for (const item of items) {
    if (taken.length === limit) {
      break;
    }
    taken.push(item);
  }
  return taken;
}

function listKey({ scope, agent }: { readonly scope: string; readonly agent: string }): string {
  return `${scope}.${agent}`;
}

function turnKey({ taskId, turn }: OpenRow): string {
  return `${taskId}.${turn}`;
}

function newestFirst(one: ListCursor, other: ListCursor): number {
  return other.statusTime - one.statusTime || (one.taskId < other.taskId ? -1 : Number(one.taskId > other.taskId));
}

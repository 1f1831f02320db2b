import { StoreError } from "../../ports/store-error.ts";
import type { Etag, LogRow, LogWrite, RowVersion, TaskKey, TaskLog } from "../../ports/task-log.ts";
import { checkLimits } from "../log-limits.ts";
import { firstAtOrAfter } from "./first-at-or-after.ts";

interface Partition {
  head: RowVersion;
  /** In key order. */
  readonly rows: LogRow[];
}

/** A task log in this process's memory, with the conditions and limits of Table Storage. */
export function createMemoryTaskLog(): TaskLog {
  const partitions = new Map<string, Partition>();
  const etags = new WeakMap<LogRow, Etag>();
  let version = 0;

  return {
    async create(task, head, writes) {
      checkLimits("create", head, writes);
      if (partitions.has(nameOf(task))) {
        throw conflict("create");
      }
      const partition: Partition = { head: { body: head, etag: nextEtag() }, rows: [] };
      apply("create", partition.rows, writes);
      partitions.set(nameOf(task), partition);
      return partition.head.etag;
    },
    async append(task, head, writes, etag) {
      checkLimits("append", head, writes);
      const partition = partitions.get(nameOf(task));
      if (partition?.head.etag !== etag) {
        throw conflict("append");
      }
      apply("append", partition.rows, writes);
      partition.head = { body: head, etag: nextEtag() };
      return partition.head.etag;
    },
    readHead: async (task) => partitions.get(nameOf(task))?.head,
    async readTask(task) {
      const partition = partitions.get(nameOf(task));
      return partition && { head: partition.head, snapshot: find(partition.rows, "s")?.body };
    },
    readRow: async (task, key) => find(partitions.get(nameOf(task))?.rows ?? [], key)?.body,
    async readRange(task, from, to) {
      const rows = partitions.get(nameOf(task))?.rows ?? [];
      return rows.slice(
        firstAtOrAfter(rows, ({ key }) => key >= from),
        firstAtOrAfter(rows, ({ key }) => key > to),
      );
    },
    async readVersioned(task, key) {
      const row = find(partitions.get(nameOf(task))?.rows ?? [], key);
      return row && { body: row.body, etag: etagOf(row) };
    },
    async replaceRow(task, row, etag) {
      const rows = partitions.get(nameOf(task))?.rows ?? [];
      const current = find(rows, row.key);
      if (!current || etagOf(current) !== etag) {
        throw conflict("replace row");
      }
      rows.splice(rows.indexOf(current), 1, { ...row });
      return etagOf(find(rows, row.key) ?? row);
    },
    async deleteRow(task, key, etag) {
      const rows = partitions.get(nameOf(task))?.rows ?? [];
      const current = find(rows, key);
      if (!current || etagOf(current) !== etag) {
        throw conflict("delete row");
      }
      rows.splice(rows.indexOf(current), 1);
    },
    listKeys: async (task) => partitions.get(nameOf(task))?.rows.map(({ key }) => key) ?? [],
    async remove(task, etag) {
      if (partitions.get(nameOf(task))?.head.etag !== etag) {
        throw conflict("remove");
      }
      partitions.delete(nameOf(task));
    },
    async listTasks(_after, scope) {
      const tasks = [...partitions.keys()].map(fromName).filter((task) => scope === undefined || task.scope === scope);
      return { tasks, next: undefined };
    },
  };

  /** A row that is written again is another object. */
  function etagOf(row: LogRow): Etag {
    const etag = etags.get(row) ?? nextEtag();
    etags.set(row, etag);
    return etag;
  }

  function nextEtag(): Etag {
    version += 1;
    return `"${version}"`;
  }
}

/** Most tasks begin with rows that are new and in order. */
function isOrdered(writes: readonly LogWrite[]): boolean {
  return writes.every((write, at) => {
    const next = writes[at + 1];
    return write.op === "insert" || write.op === "put"
      ? next === undefined || (next.op !== "delete" && write.row.key < next.row.key)
      : false;
  });
}

/** All or nothing: every condition is checked before the first row changes. */
function apply(operation: string, rows: LogRow[], writes: readonly LogWrite[]): void {
  if (rows.length === 0 && isOrdered(writes)) {
    for (const write of writes) {
      if (write.op !== "delete") {
        rows.push(write.row);
      }
    }
    return;
  }
  for (const write of writes) {
    if (write.op === "insert" ? find(rows, write.row.key) : write.op === "delete" && !find(rows, write.key)) {
      throw conflict(operation);
    }
  }
  for (const write of writes) {
    const key = write.op === "delete" ? write.key : write.row.key;
    const at = firstAtOrAfter(rows, (row) => row.key >= key);
    const isPresent = rows[at]?.key === key;
    rows.splice(at, isPresent ? 1 : 0, ...(write.op === "delete" ? [] : [write.row]));
  }
}

function find(rows: readonly LogRow[], key: string): LogRow | undefined {
  const row = rows[firstAtOrAfter(rows, (other) => other.key >= key)];
  return row?.key === key ? row : undefined;
}

function nameOf({ scope, taskId }: TaskKey): string {
  return `${scope}.${taskId}`;
}

function fromName(name: string): TaskKey {
  const [scope = "", taskId = ""] = name.split(".");
  return { scope, taskId };
}

function conflict(operation: string): StoreError {
  return new StoreError({ code: "conflict", operation });
}

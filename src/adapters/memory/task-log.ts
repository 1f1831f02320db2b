import { StoreError } from "../../ports/store-error.ts";
import type { Etag, LogRow, LogWrite, RowVersion, TaskKey, TaskLog } from "../../ports/task-log.ts";
import { checkLimits } from "../log-limits.ts";
import { firstAtOrAfter } from "./first-at-or-after.ts";

/** A task. Its rows are two arrays of one length, in key order: an object for each row would cost more than its keys. */
interface Partition {
  head: string;
  etag: number;
  keys: string[];
  bodies: string[];
  /** Of rows that change apart from the head; most tasks have none. */
  versions: Map<string, number> | undefined;
}

/** A task log in this process's memory, with the conditions and limits of Table Storage. */
export function createMemoryTaskLog(): TaskLog {
  const partitions = new Map<string, Partition>();
  let version = 0;

  return {
    async create(task, head, writes) {
      checkLimits("create", head, writes);
      if (partitions.has(nameOf(task))) {
        throw conflict("create");
      }
      const partition: Partition = { head, etag: next(), keys: [], bodies: [], versions: undefined };
      apply("create", partition, writes);
      partitions.set(nameOf(task), partition);
      return toEtag(partition.etag);
    },
    async append(task, head, writes, etag) {
      checkLimits("append", head, writes);
      const partition = partitions.get(nameOf(task));
      if (!partition || toEtag(partition.etag) !== etag) {
        throw conflict("append");
      }
      apply("append", partition, writes);
      partition.head = head;
      partition.etag = next();
      return toEtag(partition.etag);
    },
    async readHead(task) {
      const partition = partitions.get(nameOf(task));
      return partition && { body: partition.head, etag: toEtag(partition.etag) };
    },
    async readTask(task) {
      const partition = partitions.get(nameOf(task));
      return (
        partition && {
          head: { body: partition.head, etag: toEtag(partition.etag) },
          snapshot: find(partition, "s"),
        }
      );
    },
    async readRow(task, key) {
      const partition = partitions.get(nameOf(task));
      return partition && find(partition, key);
    },
    async readRange(task, from, to) {
      const { keys = [], bodies = [] } = partitions.get(nameOf(task)) ?? {};
      const start = firstAtOrAfter(keys, (key) => key >= from);
      const end = firstAtOrAfter(keys, (key) => key > to);
      return keys.slice(start, end).map((key, at): LogRow => ({ key, body: bodies[start + at] ?? "" }));
    },
    async readVersioned(task, key): Promise<RowVersion | undefined> {
      const partition = partitions.get(nameOf(task));
      const body = partition && find(partition, key);
      return partition && body !== undefined ? { body, etag: versionOf(partition, key) } : undefined;
    },
    async replaceRow(task, { key, body }, etag) {
      const partition = requireRow("replace row", task, key, etag);
      partition.bodies[indexOf(partition, key)] = body;
      partition.versions?.set(key, next());
      return versionOf(partition, key);
    },
    async deleteRow(task, key, etag) {
      const partition = requireRow("delete row", task, key, etag);
      const at = indexOf(partition, key);
      partition.keys.splice(at, 1);
      partition.bodies.splice(at, 1);
      partition.versions?.delete(key);
    },
    listKeys: async (task) => [...(partitions.get(nameOf(task))?.keys ?? [])],
    async remove(task, etag) {
      const partition = partitions.get(nameOf(task));
      if (!partition || toEtag(partition.etag) !== etag) {
        throw conflict("remove");
      }
      partitions.delete(nameOf(task));
    },
    async listTasks(_after, scope) {
      const tasks = [...partitions.keys()].map(fromName).filter((task) => scope === undefined || task.scope === scope);
      return { tasks, next: undefined };
    },
  };

  function next(): number {
    version += 1;
    return version;
  }

  function versionOf(partition: Partition, key: string): Etag {
    partition.versions ??= new Map();
    const known = partition.versions.get(key) ?? next();
    partition.versions.set(key, known);
    return toEtag(known);
  }

  function requireRow(operation: string, task: TaskKey, key: string, etag: Etag): Partition {
    const partition = partitions.get(nameOf(task));
    if (!partition || find(partition, key) === undefined || versionOf(partition, key) !== etag) {
      throw conflict(operation);
    }
    return partition;
  }

  /** All or nothing: every condition is checked before the first row changes. */
  function apply(operation: string, partition: Partition, writes: readonly LogWrite[]): void {
    if (partition.keys.length === 0 && isOrdered(writes)) {
      // Arrays of just this length: one that grows by pushing keeps room for a dozen more.
      partition.keys = writes.map((write) => (write.op === "delete" ? "" : shared(write.row.key)));
      partition.bodies = writes.map((write) => (write.op === "delete" ? "" : write.row.body));
      return;
    }
    for (const write of writes) {
      const isThere = find(partition, write.op === "delete" ? write.key : write.row.key) !== undefined;
      if ((write.op === "insert" && isThere) || (write.op === "delete" && !isThere)) {
        throw conflict(operation);
      }
    }
    for (const write of writes) {
      const key = write.op === "delete" ? write.key : write.row.key;
      const at = indexOf(partition, key);
      const removed = partition.keys[at] === key ? 1 : 0;
      partition.keys.splice(at, removed, ...(write.op === "delete" ? [] : [shared(key)]));
      partition.bodies.splice(at, removed, ...(write.op === "delete" ? [] : [write.row.body]));
      if (partition.versions?.has(key)) {
        partition.versions.set(key, next());
      }
    }
  }
}

/** The first events of all tasks have the same keys: kept once. */
const sharedKeys = new Map<string, string>();
const MAX_SHARED = 1_000;

function shared(key: string): string {
  const known = sharedKeys.get(key);
  if (known === undefined && sharedKeys.size < MAX_SHARED && key.startsWith("e-")) {
    sharedKeys.set(key, key);
  }
  return known ?? key;
}

/** Most tasks begin with rows that are new and in order. */
function isOrdered(writes: readonly LogWrite[]): boolean {
  let last = "";
  for (const write of writes) {
    if (write.op === "delete" || write.row.key <= last) {
      return false;
    }
    last = write.row.key;
  }
  return true;
}

function indexOf({ keys }: Partition, key: string): number {
  return firstAtOrAfter(keys, (other) => other >= key);
}

function find(partition: Partition, key: string): string | undefined {
  const at = indexOf(partition, key);
  return partition.keys[at] === key ? partition.bodies[at] : undefined;
}

function toEtag(version: number): Etag {
  return `"${version}"`;
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

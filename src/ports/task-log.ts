/** One task is one partition. Another scope's key does not exist for a caller. */
export interface TaskKey {
  readonly scope: string;
  readonly taskId: string;
}

/** Opaque version of a head row. */
export type Etag = string;

/** A row of a task's partition. `body` is JSON text of at most 900 KiB in UTF-8; docs/storage.md lists the keys. */
export interface LogRow {
  readonly key: string;
  readonly body: string;
}

/** What one transaction does to a row beside the head. `insert` fails the transaction when the row exists. */
export type LogWrite =
  | { readonly op: "insert" | "put"; readonly row: LogRow }
  | { readonly op: "delete"; readonly key: string };

/** A row with the version that a conditional write names. */
export interface RowVersion {
  readonly body: string;
  readonly etag: Etag;
}

/** A page of a walk over everything, in any order. What comes or goes meanwhile may be in it or not. */
export interface TaskPage {
  readonly tasks: readonly TaskKey[];
  /** Opaque. */
  readonly next: string | undefined;
}

/**
 * The durable log of tasks. A change is one atomic step of at most 100 rows and 2.9 MiB with the head
 * under its condition, so that head and events can never disagree. Nothing is retried inside.
 */
export interface TaskLog {
  /** Inserts head and rows. @throws StoreError `conflict` when a head exists, `unknown`, `rejected`. */
  create(task: TaskKey, head: string, writes: readonly LogWrite[]): Promise<Etag>;
  /** Replaces the head and writes rows. @throws StoreError `conflict` when the head is not at `etag`, `unknown`, `rejected`. */
  append(task: TaskKey, head: string, writes: readonly LogWrite[], etag: Etag): Promise<Etag>;
  readHead(task: TaskKey): Promise<RowVersion | undefined>;
  /** Head and the row `s` as one consistent read. */
  readTask(task: TaskKey): Promise<{ readonly head: RowVersion; readonly snapshot: string | undefined } | undefined>;
  readRow(task: TaskKey, key: string): Promise<string | undefined>;
  /** Rows with `from <= key <= to` in key order. */
  readRange(task: TaskKey, from: string, to: string): Promise<LogRow[]>;
  /** A row that changes apart from its head, by its own etag. */
  readVersioned(task: TaskKey, key: string): Promise<RowVersion | undefined>;
  /** @throws StoreError `conflict` when the row is not at `etag`, or gone; `unknown`, `rejected`. */
  replaceRow(task: TaskKey, row: LogRow, etag: Etag): Promise<Etag>;
  /** @throws StoreError `conflict` when the row is not at `etag`, or gone; `unknown`. */
  deleteRow(task: TaskKey, key: string, etag: Etag): Promise<void>;
  /** Keys of a task's rows, without the head's. */
  listKeys(task: TaskKey): Promise<string[]>;
  /** Removes the head, with which the task is gone. Its rows went before. @throws StoreError `conflict`, `unknown`. */
  remove(task: TaskKey, etag: Etag): Promise<void>;
  /** Every task, or those of one scope, page by page: slow, for cleaning up. `next` leads on; absent at the end. */
  listTasks(after: string | undefined, scope?: string): Promise<TaskPage>;
}

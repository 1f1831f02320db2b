import type { Etag, TaskKey } from "./task-log.ts";

/** Says that a turn of a task may need work. Times in ms since the epoch. */
export interface OpenRow extends TaskKey {
  readonly agent: string;
  readonly turn: number;
  readonly created: number;
  /** When a sweep looks at it. */
  readonly due: number;
}

/** An ended task in its list. `projection` is the JSON text of the Task without history and artifacts. */
export interface DoneRow extends TaskKey {
  readonly agent: string;
  readonly contextId: string;
  readonly state: string;
  /** Status time in ms since the epoch. */
  readonly statusTime: number;
  readonly projection: string;
}

/** What says where an ended task is listed. Status time in ms since the epoch. */
export interface EndedTask extends TaskKey {
  readonly agent: string;
  readonly statusTime: number;
}

interface EndedPage {
  readonly rows: readonly EndedTask[];
  /** Opaque. */
  readonly next: string | undefined;
}

/** A position in a list that is ordered newest status first, then by id. */
export interface ListCursor {
  readonly statusTime: number;
  readonly taskId: string;
}

export interface DoneFilter {
  readonly contextId?: string;
  readonly state?: string;
  /** Only rows with a status time at or after this, in ms since the epoch. */
  readonly since?: number;
}

/**
 * Finds tasks that are not reached by their id: what is due, and what a caller owns. Rows here follow the
 * log and may lag behind it; the log decides. Every write may be repeated. @throws StoreError `unknown`.
 */
export interface TaskIndex {
  putOpen(row: OpenRow): Promise<void>;
  /** With an etag only if the row is unchanged since it was read. */
  deleteOpen(row: OpenRow, etag?: Etag): Promise<void>;
  /** Sets `due` if the row is unchanged since it was read. False if it was changed. */
  claimOpen(row: OpenRow, etag: Etag, due: number): Promise<boolean>;
  /** Rows due at `now`, at most `limit`, over all scopes. */
  listDue(now: number, limit: number): Promise<{ readonly row: OpenRow; readonly etag: Etag }[]>;
  listOpen(scope: string, agent: string): Promise<OpenRow[]>;
  putDone(row: DoneRow): Promise<void>;
  deleteDone(row: EndedTask): Promise<void>;
  /** Tasks of every list with a status time before this, page by page. `next` leads on; absent at the end. */
  listEnded(before: number, after: string | undefined): Promise<EndedPage>;
  /** Rows strictly after `after`, newest status first, ties by task id. */
  listDone(
    scope: string,
    agent: string,
    filter: DoneFilter,
    after: ListCursor | undefined,
    limit: number,
  ): Promise<DoneRow[]>;
  /** How many rows match, without reading what they hold. Those of the tasks in `except` are left out. */
  countDone(scope: string, agent: string, filter: DoneFilter, except: ReadonlySet<string>): Promise<number>;
}

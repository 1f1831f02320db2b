import type { TaskKey } from "./task-log.ts";

/** Refers to content that is too large for a row. */
export interface PayloadRef {
  /** 64 hex digits. */
  readonly sha256: string;
  readonly bytes: number;
}

export interface PayloadPage {
  /** `stored` in ms since the epoch. */
  readonly payloads: readonly { readonly task: TaskKey; readonly stored: number }[];
  /** Opaque. */
  readonly next: string | undefined;
}

/**
 * Content that is too large for a row, named by its hash so that a stale writer cannot overwrite it. Kept until the task is
 * deleted.
 */
export interface Payloads {
  /** Storing the same bytes again is a success. @throws StoreError `unknown`. */
  put(task: TaskKey, bytes: Uint8Array): Promise<PayloadRef>;
  /** @throws StoreError `unknown`, or `rejected` when it does not exist. */
  get(task: TaskKey, claim: PayloadRef): Promise<Uint8Array>;
  /** Deletes all payloads of a task. @throws StoreError `unknown`. */
  deleteAll(task: TaskKey): Promise<void>;
  /** All payloads in pages; slow, for cleaning up. `next` is the cursor, undefined on the last page. @throws StoreError `unknown`. */
  list(after: string | undefined): Promise<PayloadPage>;
}

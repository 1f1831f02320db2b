import { StoreError } from "../ports/store-error.ts";
import type { LogWrite } from "../ports/task-log.ts";

/** The head is one of them. Table Storage takes no more entities in a transaction. */
const MAX_ROWS = 100;
/** Table Storage takes 4 MiB in base64 with an envelope around each row. */
const MAX_CHANGE_BYTES = 2.9 * 1024 * 1024;
/** An entity ends at 1 MiB with everything in it. */
const MAX_BODY_BYTES = 900 * 1024;

/**
 * Refuses a change that Table Storage would refuse, so that every adapter takes the same ones.
 * @throws StoreError `rejected`.
 */
export function checkLimits(operation: string, head: string, writes: readonly LogWrite[]): void {
  if (writes.length + 1 <= MAX_ROWS && isSmall(head, writes)) {
    return;
  }
  let total = Buffer.byteLength(head);
  let longest = total;
  for (const write of writes) {
    if (write.op !== "delete") {
      const bytes = Buffer.byteLength(write.row.body);
      total += bytes;
      longest = Math.max(longest, bytes);
    }
  }
  if (writes.length + 1 > MAX_ROWS || total > MAX_CHANGE_BYTES || longest > MAX_BODY_BYTES) {
    throw new StoreError({ code: "rejected", operation });
  }
}

/** A UTF-16 unit is at most three bytes of UTF-8: most changes need no counting. */
function isSmall(head: string, writes: readonly LogWrite[]): boolean {
  let units = head.length;
  for (const write of writes) {
    units += write.op === "delete" ? 0 : write.row.body.length;
  }
  return units * 3 <= MAX_BODY_BYTES;
}

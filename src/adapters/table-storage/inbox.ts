import { odata } from "@azure/data-tables";
import type { Inbox } from "../../ports/inbox.ts";
import { attempt, statusOf } from "../storage-account/store-attempt.ts";
import type { Table } from "./table.ts";

/** Rows of `inbox-{holder}`, named `{scope}.{taskId}`. */
export function createTableInbox({ retrying }: Table): Inbox {
  return {
    async put(holder, { scope, taskId }) {
      const keys = { partitionKey: `inbox-${holder}`, rowKey: `${scope}.${taskId}` };
      await attempt("put hint", () => retrying.upsertEntity(keys, "Replace"));
    },
    async take(holder) {
      const rows = await removeAll(odata`PartitionKey eq ${`inbox-${holder}`}`);
      return rows.map((row) => {
        const [scope = "", taskId = ""] = row.split(".");
        return { scope, taskId };
      });
    },
    async clear(age) {
      const before = new Date(Date.now() - age);
      await removeAll(odata`PartitionKey gt 'inbox-' and PartitionKey lt 'inbox-~' and Timestamp lt ${before}`);
    },
  };

  function removeAll(filter: string): Promise<string[]> {
    return attempt("take hints", async ({ progress }) => {
      const removed: string[] = [];
      const queryOptions = { filter, select: ["partitionKey", "rowKey"] };
      for await (const page of retrying.listEntities({ queryOptions }).byPage()) {
        for (const { partitionKey = "", rowKey = "" } of page) {
          await retrying.deleteEntity(partitionKey, rowKey).catch(ignoreMissing);
          progress();
          removed.push(rowKey);
        }
      }
      return removed;
    });
  }
}

function ignoreMissing(error: unknown): void {
  if (statusOf(error) !== 404) {
    throw error;
  }
}

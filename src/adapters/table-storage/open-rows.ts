import { odata } from "@azure/data-tables";
import type { TableEntityResult } from "@azure/data-tables";
import type { Etag } from "../../ports/task-log.ts";
import type { OpenRow, TaskIndex } from "../../ports/task-index.ts";
import { attempt, statusOf } from "../storage-account/store-attempt.ts";
import type { Table } from "./table.ts";

interface OpenVersion {
  readonly row: OpenRow;
  readonly etag: Etag;
}

/** Rows of `open-{last digit of the scope}`, named `{scope}.{agent}.{taskId}.{turn}`. */
export function createOpenRows({
  conditional,
  retrying,
}: Table): Pick<TaskIndex, "putOpen" | "deleteOpen" | "claimOpen" | "listDue" | "listOpen"> {
  return {
    async putOpen(row) {
      const columns = { created: toInt64(row.created), due: toInt64(row.due) };
      await attempt("put open row", () => retrying.upsertEntity({ ...keysOf(row), ...columns }, "Replace"));
    },
    async deleteOpen(row, etag) {
      const { partitionKey, rowKey } = keysOf(row);
      const condition = etag === undefined ? {} : { etag };
      await attempt("delete open row", () =>
        retrying.deleteEntity(partitionKey, rowKey, condition).catch(ignoreMissingOrChanged),
      );
    },
    claimOpen: (row, etag, due) =>
      attempt("claim open row", async () => {
        try {
          await conditional.updateEntity({ ...keysOf(row), due: toInt64(due) }, "Merge", { etag });
          return true;
        } catch (error) {
          if (statusOf(error) === 412 || statusOf(error) === 404) {
            return false;
          }
          throw error;
        }
      }),
    async listDue(now, limit) {
      const found = await Promise.all(
        HEX_DIGITS.map((digit) =>
          list(odata`PartitionKey eq ${`open-${digit}`} and due le ${Math.floor(now)}L`, limit),
        ),
      );
      return found
        .flat()
        .toSorted((one, other) => one.row.due - other.row.due)
        .slice(0, limit);
    },
    async listOpen(scope, agent) {
      // "~" sorts after all characters of ids.
      const prefix = `${scope}.${agent}.`;
      const found = await list(
        odata`PartitionKey eq ${partitionOf(scope)} and RowKey gt ${prefix} and RowKey lt ${`${prefix}~`}`,
        Number.POSITIVE_INFINITY,
      );
      return found.map(({ row }) => row);
    },
  };

  function list(filter: string, limit: number): Promise<OpenVersion[]> {
    return attempt("list open rows", async ({ progress }) => {
      const found: OpenVersion[] = [];
      const pages = retrying.listEntities({ queryOptions: { filter } }).byPage({ maxPageSize: Math.min(limit, 1_000) });
      for await (const page of pages) {
        progress();
        found.push(...page.map(fromEntity));
        if (found.length >= limit) {
          break;
        }
      }
      return found;
    });
  }
}

const HEX_DIGITS = Array.from({ length: 16 }, (_, digit) => digit.toString(16));

function partitionOf(scope: string): string {
  return `open-${scope.slice(-1)}`;
}

function keysOf({ scope, agent, taskId, turn }: OpenRow): { partitionKey: string; rowKey: string } {
  return { partitionKey: partitionOf(scope), rowKey: `${scope}.${agent}.${taskId}.${String(turn).padStart(6, "0")}` };
}

function fromEntity(entity: TableEntityResult<Record<string, unknown>>): OpenVersion {
  const [scope = "", agent = "", taskId = "", turn] = String(entity.rowKey).split(".");
  const row = {
    scope,
    agent,
    taskId,
    turn: Number(turn),
    created: Number(entity["created"]),
    due: Number(entity["due"]),
  };
  return { row, etag: entity.etag };
}

function toInt64(ms: number): { type: "Int64"; value: string } {
  return { type: "Int64", value: String(Math.ceil(ms)) };
}

/** With an etag a changed row is kept. */
function ignoreMissingOrChanged(error: unknown): void {
  if (statusOf(error) !== 404 && statusOf(error) !== 412) {
    throw error;
  }
}

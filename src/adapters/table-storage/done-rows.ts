import { odata } from "@azure/data-tables";
import type { TableEntityResult } from "@azure/data-tables";
import type { DoneFilter, DoneRow, ListCursor, TaskIndex } from "../../ports/task-index.ts";
import { attempt, statusOf } from "../storage-account/store-attempt.ts";
import { fromBinaryColumns, toBinaryColumns } from "./binary-columns.ts";
import type { Table } from "./table.ts";

/** Rows of `done-{scope}.{agent}`, named `{inverted status time}.{taskId}`: key order is list order. */
export function createDoneRows({
  retrying,
}: Table): Pick<TaskIndex, "putDone" | "deleteDone" | "listEnded" | "listDone" | "countDone"> {
  return {
    async putDone({ scope, agent, contextId, state, projection, ...position }) {
      const keys = { partitionKey: partitionOf(scope, agent), rowKey: rowKeyOf(position) };
      const columns = { contextId, state, ...toBinaryColumns(projection) };
      await attempt("put done row", () => retrying.upsertEntity({ ...keys, ...columns }, "Replace"));
    },
    async deleteDone({ scope, agent, ...position }) {
      const keys = [partitionOf(scope, agent), rowKeyOf(position)] as const;
      await attempt("delete done row", () => retrying.deleteEntity(...keys).catch(ignoreMissing));
    },
    listEnded: (before, after) =>
      attempt("list ended tasks", async ({ progress }) => {
        const [last = "", row] = after?.split("/") ?? ["done-"];
        const partition = row === undefined ? await nextPartition(last, progress) : last;
        if (partition === undefined) {
          return { rows: [], next: undefined };
        }
        const from = row ?? rowKeyOf({ statusTime: clamp(before), taskId: "~" });
        const page = await firstPage(odata`PartitionKey eq ${partition} and RowKey gt ${from}`, PAGE, progress);
        const rows = page.map(({ rowKey = "" }) => ({ ...fromPartition(partition), ...fromRowKey(rowKey) }));
        // Keys have no slash. A list is left once it has no more.
        return { rows, next: page.length < PAGE ? partition : `${partition}/${page.at(-1)?.rowKey}` };
      }),
    listDone: (scope, agent, filter, after, limit) =>
      attempt("list done rows", async ({ progress }) => {
        const rows: DoneRow[] = [];
        const queryOptions = { filter: toQuery(scope, agent, filter, after) };
        const pages = retrying.listEntities({ queryOptions }).byPage({ maxPageSize: Math.min(limit, 1_000) });
        for await (const page of pages) {
          progress();
          for (const entity of page) {
            const { contextId, state } = entity as { contextId?: string; state?: string };
            const projection = fromBinaryColumns(entity);
            const position = fromRowKey(entity.rowKey ?? "");
            rows.push({ scope, agent, contextId: contextId ?? "", state: state ?? "", ...position, projection });
          }
          if (rows.length >= limit) {
            break;
          }
        }
        return rows.slice(0, limit);
      }),
    countDone: (scope, agent, filter, except) =>
      attempt("count done rows", async ({ progress }) => {
        let count = 0;
        const queryOptions = { filter: toQuery(scope, agent, filter), select: ["rowKey"] };
        for await (const page of retrying.listEntities({ queryOptions }).byPage()) {
          progress();
          count += page.filter(({ rowKey }) => !except.has(fromRowKey(rowKey ?? "").taskId)).length;
        }
        return count;
      }),
  };

  /** Lists are found one after the other, without walking what is in them. */
  async function nextPartition(after: string, progress: () => void): Promise<string | undefined> {
    const [row] = await firstPage(odata`PartitionKey gt ${after} and PartitionKey lt 'done-~'`, 1, progress);
    return row?.partitionKey;
  }

  /** The service may answer with an empty page and go on. */
  async function firstPage(
    filter: string,
    size: number,
    progress: () => void,
  ): Promise<TableEntityResult<Record<string, unknown>>[]> {
    const rows: TableEntityResult<Record<string, unknown>>[] = [];
    const queryOptions = { filter, select: ["partitionKey", "rowKey"] };
    for await (const page of retrying.listEntities({ queryOptions }).byPage({ maxPageSize: size })) {
      progress();
      rows.push(...page);
      if (rows.length >= size) {
        break;
      }
    }
    return rows;
  }
}

/** Ended tasks read at once. */
const PAGE = 500;

function toQuery(scope: string, agent: string, { contextId, state, since }: DoneFilter, after?: ListCursor): string {
  return [
    odata`PartitionKey eq ${partitionOf(scope, agent)}`,
    after && odata`RowKey gt ${rowKeyOf(after)}`,
    // "~" sorts after every task id.
    since !== undefined && odata`RowKey lt ${rowKeyOf({ statusTime: clamp(since), taskId: "~" })}`,
    contextId !== undefined && odata`contextId eq ${contextId}`,
    state !== undefined && odata`state eq ${state}`,
  ]
    .filter(Boolean)
    .join(" and ");
}

function ignoreMissing(error: unknown): void {
  if (statusOf(error) !== 404) {
    throw error;
  }
}

function fromPartition(partition: string): { readonly scope: string; readonly agent: string } {
  const [scope = "", agent = ""] = partition.slice("done-".length).split(".");
  return { scope, agent };
}

function partitionOf(scope: string, agent: string): string {
  return `done-${scope}.${agent}`;
}

/** 15 digits of ms reach past the year 30,000. */
const LATEST = 999_999_999_999_999;

/** A caller may ask for any time, also one that no task can have. */
function clamp(ms: number): number {
  return Math.min(Math.max(Math.ceil(ms), 0), LATEST);
}

function rowKeyOf({ statusTime, taskId }: ListCursor): string {
  return `${String(LATEST - statusTime).padStart(15, "0")}.${taskId}`;
}

function fromRowKey(rowKey: string): ListCursor {
  return { statusTime: LATEST - Number(rowKey.slice(0, 15)), taskId: rowKey.slice(16) };
}

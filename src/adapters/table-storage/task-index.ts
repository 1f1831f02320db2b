import type { TaskIndex } from "../../ports/task-index.ts";
import { createDoneRows } from "./done-rows.ts";
import { createOpenRows } from "./open-rows.ts";
import type { Table } from "./table.ts";

/** A task index in a table. */
export function createTableTaskIndex(table: Table): TaskIndex {
  return { ...createOpenRows(table), ...createDoneRows(table) };
}

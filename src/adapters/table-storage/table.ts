import type { TableClient } from "@azure/data-tables";

/** One table, with two clients that share their connections. */
export interface Table {
  /** Without retries: a silent retry would turn a success whose answer was lost into a conflict. */
  readonly conditional: TableClient;
  /** With retries, for requests that may be repeated. */
  readonly retrying: TableClient;
}

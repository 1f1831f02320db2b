import type { TableClient } from "@azure/data-tables";

/** One table, by two clients that share their connections. */
export interface Table {
  /** Sends every request once: a silent retry would turn a success whose answer was lost into a conflict. */
  readonly conditional: TableClient;
  /** For requests that may be repeated. */
  readonly retrying: TableClient;
}

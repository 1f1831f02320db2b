import { globSync, readFileSync } from "node:fs";
import type { DoneRow, OpenRow } from "../../src/ports/task-index.ts";
import type { TaskKey } from "../../src/ports/task-log.ts";
import type { Stores } from "./row-fixture-engine.ts";

/** The rows that an earlier version stored for one task, and the Task (ProtoJSON) that it read from them. */
export interface RowFixture {
  readonly task: TaskKey;
  readonly head: object;
  /** The JSON of each row of the log, by its key. */
  readonly rows: Readonly<Record<string, object>>;
  /** Payloads in base64, by their SHA-256. */
  readonly payloads: Readonly<Record<string, string>>;
  readonly open: readonly OpenRow[];
  readonly done: readonly (Omit<DoneRow, "projection"> & { readonly projection: object })[];
  readonly expected: object;
}

const folder = new URL("../fixtures/", import.meta.url);

/** Folders of fixtures, one for each schema of stored tasks, such as `rows-v1`. */
export const layouts: readonly string[] = globSync("rows-v*", { cwd: folder }).toSorted();

export function readRowFixture(layout: string, name: string): RowFixture {
  return JSON.parse(readFileSync(new URL(`${layout}/${name}.json`, folder), "utf8"));
}

/** Stores the task exactly as the earlier version stored it. */
export async function loadRows({ log, index, payloads }: Stores, fixture: RowFixture): Promise<void> {
  const { task, rows, open, done } = fixture;
  for (const [sha256, content] of Object.entries(fixture.payloads)) {
    const claim = await payloads.put(task, Buffer.from(content, "base64"));
    if (claim.sha256 !== sha256) throw new Error(`payload ${sha256} of ${task.taskId} has become ${claim.sha256}`);
  }
  const writes = Object.entries(rows).map(([key, row]) => ({
    op: "insert" as const,
    row: { key, body: JSON.stringify(row) },
  }));
  await log.create(task, JSON.stringify(fixture.head), writes);
  for (const row of open) await index.putOpen(row);
  for (const row of done) await index.putDone({ ...row, projection: JSON.stringify(row.projection) });
}

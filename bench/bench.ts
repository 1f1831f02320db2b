import { benchCrossInstance } from "./cross-instance.ts";
import { benchFirstEvent } from "./first-event.ts";
import { benchFunctionsStart } from "./functions-start.ts";
import { benchIdleStreams } from "./idle-streams.ts";
import { benchMemory } from "./memory.ts";
import { benchBlocking, benchGetTask, benchListPage, benchStreams } from "./rates.ts";
import { benchStartUp } from "./start-up.ts";
import { toTable } from "./table.ts";
import type { Part } from "./table.ts";
import { within } from "./within.ts";

/** `npm run bench` prints the table; `npm run bench -- blocking` prints one part of it. */
const table = {
  blocking: benchBlocking,
  streams: benchStreams,
  "get-task": benchGetTask,
  "list-page": benchListPage,
  memory: benchMemory,
  "start-up": benchStartUp,
} as const;

/** Parts that print their own lines and run only when named: `npm run bench -- first-event`. */
const others = {
  "first-event": benchFirstEvent,
  "cross-instance": benchCrossInstance,
  "idle-streams": benchIdleStreams,
  "functions-start": benchFunctionsStart,
} as const;

/** How long one part may take, in ms. */
const PATIENCE = 180_000;

const wanted = process.argv.slice(2);
const known: readonly string[] = [...Object.keys(table), ...Object.keys(others)];
const unknown = wanted.filter((name) => !known.includes(name));
try {
  if (unknown.length > 0) throw new Error(`There is no part ${unknown.join(", ")}; there are ${known.join(", ")}.`);
  await run();
} catch (error) {
  console.error(error);
  // Pending work must not keep this process alive. The servers end with it.
  process.exit(1);
}

async function run(): Promise<void> {
  const parts: Part[] = [];
  for (const [name, bench] of Object.entries(table)) {
    if (wanted.length === 0 || wanted.includes(name)) {
      console.error(`measuring ${name} …`);
      parts.push(await within(PATIENCE, `the part ${name}`, bench()));
    }
  }
  if (parts.length > 0) {
    console.log(toTable(parts.flatMap(({ rows }) => rows)));
    for (const note of parts.flatMap(({ notes }) => notes)) {
      console.log(note);
    }
  }
  for (const [name, bench] of Object.entries(others)) {
    if (wanted.includes(name)) {
      await within(PATIENCE, `the part ${name}`, bench());
    }
  }
}

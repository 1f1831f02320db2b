import { parseHead } from "../../src/tasks/log/head.ts";
import type { Violation } from "./checker.ts";
import type { SimClient } from "./sim-client.ts";
import type { Transcript } from "./transcript.ts";
import type { World } from "./world.ts";

const READERS = 12;

/**
 * I21: readers that take one event each of the longest task make their instance read the task about once, not once each: what
 * it has read for a reader and not sent is what it holds in memory.
 */
export async function checkStalledReaders(
  world: World,
  client: SimClient,
  { scope, acknowledged }: Transcript,
): Promise<Violation[]> {
  const { faults, scheduler, stores } = world;
  let longest = { taskId: "", generation: 0 };
  for (const taskId of acknowledged.keys()) {
    const row = await stores.log.readHead({ scope, taskId });
    const generation = row ? parseHead(row.body).generation : 0;
    longest = generation > longest.generation ? { taskId, generation } : longest;
  }
  const server = world.alive()[0];
  if (!server?.agent(acknowledged.get(longest.taskId)?.agent ?? "")) {
    return [];
  }
  const before = faults.meter.rowsRead(server.process);
  const opening = Array.from({ length: READERS }, () => client.stall(server, longest.taskId));
  await scheduler.runUntil(() => false, scheduler.now + 1_000);
  const readers = await Promise.all(opening);
  const held = faults.meter.rowsRead(server.process) - before;
  await Promise.all(readers.map(async (reader) => reader?.leave()));
  const most = READERS + 2 * longest.generation;
  return held <= most
    ? []
    : [
        {
          invariant: "I21",
          detail: `${READERS} readers that took one event each of ${longest.generation} made ${held} rows read, at most ${most}`,
        },
      ];
}

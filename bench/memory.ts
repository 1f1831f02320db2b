import { makeTasks } from "./requests.ts";
import { withContenders } from "./rounds.ts";
import type { Contender } from "./rounds.ts";
import { median } from "./table.ts";
import type { Part } from "./table.ts";

const ROUNDS = 5;
const TASKS = 2_000;
/** Largest number of bytes that a completed task may retain. */
const AIM = 2_000;

/** Growth of heap and external memory after each batch of completed tasks, measured after a full collection. */
export function benchMemory(): Promise<Part> {
  const names = ["SDK's Express server", "gateway, fromExecutor", "gateway, defineAgent"] as const;
  return withContenders(names, async (servers) => {
    const results = [];
    for (const server of servers) {
      results.push({ server: server.name, values: await measureBatches(server) });
    }
    const base = median(results[0]?.values ?? []);
    const rows = results.map(({ server, values }, index) => ({
      part: "memory of a completed task",
      server,
      unit: "bytes/task" as const,
      values,
      ratio: median(values) / base,
      ...(index > 0 && { aim: { text: `at most ${AIM.toLocaleString("en")}`, isMet: median(values) <= AIM } }),
    }));
    return { rows, notes: [] };
  });
}

async function measureBatches({ url, used }: Contender): Promise<number[]> {
  const values: number[] = [];
  // Warm up: compiled code and pools are created once and do not belong to a task.
  await makeTasks(url, 2 * TASKS);
  let before = await used("memory");
  for (let round = 0; round < ROUNDS; round += 1) {
    await makeTasks(url, TASKS);
    const after = await used("memory");
    values.push((after - before) / TASKS);
    before = after;
  }
  return values;
}

import { parseArgs } from "node:util";
import { mutations } from "./mutations.ts";
import { simulateSeed } from "./simulate-seed.ts";

/**
 * `npm run simulate -- --seeds 5000` runs 5,000 worlds; `--seed 17` runs one of them and prints its log;
 * `--mutation NAME` breaks a rule on purpose.
 */
const { values } = parseArgs({
  options: { seeds: { type: "string", default: "500" }, seed: { type: "string" }, mutation: { type: "string" } },
});
const mutation = values.mutation === undefined ? undefined : mutations[values.mutation];
if (values.mutation !== undefined && !mutation) {
  console.error(`There is no mutation ${values.mutation}. Mutations: ${Object.keys(mutations).join(", ")}`);
  process.exit(2);
}
const first = Number(values.seed ?? 1);
const last = values.seed === undefined ? Number(values.seeds) : first;
const started = performance.now();
const totals = { tasks: 0, kills: 0, faults: 0 };
const failed: number[] = [];

for (let seed = first; seed <= last; seed += 1) {
  const result = await simulateSeed(seed, mutation);
  totals.tasks += result.tasks;
  totals.kills += result.kills;
  totals.faults += result.faults;
  if (values.seed !== undefined) {
    console.log(result.log.join("\n"));
  }
  if (result.violations.length > 0) {
    failed.push(seed);
    for (const { invariant, detail } of result.violations.slice(0, 5)) {
      console.log(`seed ${seed}: ${invariant}: ${detail}`);
    }
    console.log(
      `  repeat: npm run simulate -- --seed ${seed}${values.mutation ? ` --mutation ${values.mutation}` : ""}`,
    );
  }
  if (seed % 500 === 0) {
    console.log(
      `${seed} seeds, ${Math.round((performance.now() - started) / 1_000)} s, ${failed.length} with violations`,
    );
  }
}
const seconds = ((performance.now() - started) / 1_000).toFixed(1);
console.log(
  `${last - first + 1} seeds in ${seconds} s: ${totals.tasks} tasks, ${totals.kills} kills, ${totals.faults} store faults, ${failed.length} seeds with violations`,
);
process.exitCode = failed.length > 0 ? 1 : 0;

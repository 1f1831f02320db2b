import { parseArgs } from "node:util";
import { mutations } from "./mutations.ts";
import { simulateSeed } from "./simulate-seed.ts";
import { TROUBLES } from "./troubles.ts";
import type { Trouble } from "./troubles.ts";

/**
 * `npm run simulate -- --seeds 5000` runs 5,000 worlds; `--seed 17` runs one of them and prints its log;
 * `--mutation NAME` breaks a rule on purpose; `--without poison,hangs` leaves troubles out.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "500" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    mutation: { type: "string" },
    without: { type: "string", default: "" },
  },
});
const without = new Set(values.without.split(",").filter((name) => name !== "") as Trouble[]);
const unknown = [...without].filter((name) => !TROUBLES.includes(name));
if (unknown.length > 0) {
  console.error(`There is no trouble ${unknown.join(", ")}. Troubles: ${TROUBLES.join(", ")}`);
  process.exit(2);
}
const mutation = values.mutation === undefined ? undefined : mutations[values.mutation];
if (values.mutation !== undefined && !mutation) {
  console.error(`There is no mutation ${values.mutation}. Mutations: ${Object.keys(mutations).join(", ")}`);
  process.exit(2);
}
const first = Number(values.seed ?? values.from);
const last = values.seed === undefined ? first + Number(values.seeds) - 1 : first;
const started = performance.now();
const totals = { tasks: 0, kills: 0, faults: 0 };
const failed: number[] = [];
const invariants = new Map<string, number[]>();

for (let seed = first; seed <= last; seed += 1) {
  const result = await simulateSeed(seed, { mutation, without });
  totals.tasks += result.tasks;
  totals.kills += result.kills;
  totals.faults += result.faults;
  if (values.seed !== undefined) {
    console.log(result.log.join("\n"));
  }
  if (result.violations.length > 0) {
    failed.push(seed);
    for (const invariant of new Set(result.violations.map((violation) => violation.invariant))) {
      invariants.set(invariant, [...(invariants.get(invariant) ?? []), seed]);
    }
    console.log(`seed ${seed} (${result.troubles.join(", ")}):`);
    for (const { invariant, detail } of result.violations.slice(0, 5)) {
      console.log(`  ${invariant}: ${detail}`);
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
for (const [invariant, seeds] of invariants) {
  console.log(`${invariant}: ${seeds.length} seeds, for instance ${seeds.slice(0, 8).join(", ")}`);
}
process.exitCode = failed.length > 0 ? 1 : 0;

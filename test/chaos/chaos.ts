import { parseArgs } from "node:util";
import { runChaos } from "./run-chaos.ts";

/** `npm run chaos` runs four hosts for 10 minutes. Options: `-- --minutes 1 --seed 7 --hosts 3 --clients 8`. */
const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e6)) },
    hosts: { type: "string", default: "4" },
    clients: { type: "string", default: "8" },
    "without-sweep": { type: "boolean", default: false },
  },
});
const { minutes, seed, hosts, clients } = values;
console.log(`seed ${seed}: ${hosts} hosts, ${clients} clients, ${minutes} minutes`);
const { figures, violations } = await runChaos({
  seed: Number(seed),
  seconds: Number(minutes) * 60,
  hosts: Number(hosts),
  clients: Number(clients),
  withoutSweep: values["without-sweep"],
  progress: (line) => console.log(line),
});
for (const [name, figure] of Object.entries(figures)) {
  console.log(`${name.padEnd(30)} ${figure}`);
}
for (const { invariant, detail } of violations) {
  console.log(`${invariant}: ${detail}`);
}
console.log(
  violations.length === 0
    ? "No violations."
    : `${violations.length} violations. To run the same seed again (timing may differ): npm run chaos -- --seed ${seed} --minutes ${minutes} --hosts ${hosts} --clients ${clients}`,
);
process.exit(violations.length === 0 ? 0 : 1);

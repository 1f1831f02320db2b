import { toScaleTable } from "./scale-model.ts";

/** `npm run scale` prints the load of the busiest resources at 1,000, 10,000 and 100,000 tasks per second. */
for (const line of toScaleTable()) {
  console.log(line);
}

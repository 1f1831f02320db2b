import { toScaleTable } from "./scale-model.ts";

/** `npm run scale`: what 1,000, 10,000 and 100,000 tasks a second ask of the busiest resource, and what breaks first. */
for (const line of toScaleTable()) {
  console.log(line);
}

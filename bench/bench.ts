import { benchBlockingRate } from "./blocking-rate.ts";
import { benchCrossInstance } from "./cross-instance.ts";
import { benchFunctionsStart } from "./functions-start.ts";
import { benchFirstEvent } from "./first-event.ts";
import { benchIdleStreams } from "./idle-streams.ts";

/** `npm run bench` runs everything; `npm run bench -- idle-streams` one part. */
const parts = {
  "blocking-rate": benchBlockingRate,
  "first-event": benchFirstEvent,
  "cross-instance": benchCrossInstance,
  "idle-streams": benchIdleStreams,
  "functions-start": benchFunctionsStart,
} as const;
const wanted = process.argv.slice(2);
for (const [name, run] of Object.entries(parts)) {
  if (wanted.length === 0 || wanted.includes(name)) {
    await run();
  }
}

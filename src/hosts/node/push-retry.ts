import { parseArgs } from "node:util";
import { ConfigError } from "../../config/config.ts";
import { runCommand } from "./run-command.ts";

/** `npm run push:retry -- --task ID`: tells a task's webhooks what they have not heard of, also those that were given up. */
const USAGE = `Goes on with the push notifications of a task, from the last event that each webhook took.

  npm run push:retry -- --task ID      give its --scope too, or every task is looked at`;

await runCommand(USAGE, async (gateway) => {
  const { scope, task } = parseArgs({ options: { scope: { type: "string" }, task: { type: "string" } } }).values;
  if (task === undefined) {
    throw new ConfigError(USAGE);
  }
  const retried = await gateway.retryPush({ taskId: task, ...(scope !== undefined && { scope }) });
  if (!retried) {
    console.log(`There is no task ${task} in this store.`);
    return 1;
  }
  for (const { id, url, behind } of retried) {
    console.log(`${id}: ${behind === 1 ? "1 event" : `${behind} events`} for ${url}`);
  }
  console.log(retried.length === 0 ? "Every webhook has heard everything." : "A running host delivers them now.");
  return 0;
});

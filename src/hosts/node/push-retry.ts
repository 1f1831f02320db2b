import { parseArgs } from "node:util";
import { ConfigError } from "../../config/config.ts";
import { runCommand } from "./run-command.ts";

/** `npm run push:retry -- --task ID`: resumes the delivery to a task's webhooks, including disabled ones. */
const USAGE = `Resumes the push notifications of a task, each webhook from the last event that it accepted.

  npm run push:retry -- --task ID      add its --scope, or all tasks are searched`;

await runCommand(USAGE, async (gateway) => {
  const { scope, task } = parseArgs({ options: { scope: { type: "string" }, task: { type: "string" } } }).values;
  if (task === undefined) {
    throw new ConfigError(USAGE);
  }
  const retried = await gateway.retryPush({ taskId: task, ...(scope !== undefined && { scope }) });
  if (!retried) {
    console.log(`Task ${task} does not exist in this store.`);
    return 1;
  }
  for (const { id, url, behind, wasDisabled, reason } of retried) {
    const state = wasDisabled ? "; it was disabled" : "";
    const why = reason === undefined ? "" : `; the last attempt failed: ${reason}`;
    console.log(`${id}: ${behind === 1 ? "1 event" : `${behind} events`} for ${url}${state}${why}`);
  }
  console.log(
    retried.length === 0 ? "Every webhook has received all events." : "A running gateway will deliver them now.",
  );
  return 0;
});

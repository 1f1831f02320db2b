import { parseArgs } from "node:util";
import { ConfigError } from "../../config/config.ts";
import { runCommand } from "./run-command.ts";

/** `npm run purge -- --scope SCOPE` or `-- --task ID`: removes tasks now, whatever their age, with everything of them. */
const USAGE = `Removes tasks and everything stored of them, now and for good. What still runs is canceled first.

  npm run purge -- --scope SCOPE      every task of a caller: 32 hex digits, the first part of the task's key
  npm run purge -- --task ID          one task; give its --scope too, or every task is looked at

The store is that of the environment: STORAGE_CONNECTION_STRING or STORAGE_ACCOUNT (docs/configuration.md).`;

await runCommand(USAGE, async (gateway) => {
  const { scope, task } = parseArgs({ options: { scope: { type: "string" }, task: { type: "string" } } }).values;
  if (scope === undefined && task === undefined) {
    throw new ConfigError(USAGE);
  }
  if (scope !== undefined && !/^[0-9a-f]{32}$/.test(scope)) {
    throw new ConfigError(`--scope ${JSON.stringify(scope)} is not 32 hex digits.\n\n${USAGE}`);
  }
  const removed = await gateway.purge({
    ...(scope !== undefined && { scope }),
    ...(task !== undefined && { taskId: task }),
  });
  console.log(removed === 1 ? "1 task removed." : `${removed} tasks removed.`);
  return removed === 0 ? 1 : 0;
});

import { parseArgs } from "node:util";
import { ConfigError } from "../../config/config.ts";
import { runCommand } from "./run-command.ts";

/** `npm run purge -- --scope SCOPE` or `-- --task ID`: deletes tasks of any age with all of their data. */
const USAGE = `Deletes tasks and all of their stored data permanently. Running tasks are canceled first.

  npm run purge -- --scope SCOPE      all tasks of a scope (32 hex digits; docs/security.md says how to compute it)
  npm run purge -- --task ID          one task; add its --scope, or all tasks are searched

Set STORAGE_CONNECTION_STRING or STORAGE_ACCOUNT as for the gateway (docs/configuration.md).`;

await runCommand(USAGE, async (gateway) => {
  const { scope, task } = parseArgs({ options: { scope: { type: "string" }, task: { type: "string" } } }).values;
  if (scope === undefined && task === undefined) {
    throw new ConfigError(USAGE);
  }
  if (scope !== undefined && !/^[0-9a-f]{32}$/.test(scope)) {
    throw new ConfigError(`--scope must be 32 hex digits, not ${JSON.stringify(scope)}.\n\n${USAGE}`);
  }
  const { removed, kept } = await gateway.purge({
    ...(scope !== undefined && { scope }),
    ...(task !== undefined && { taskId: task }),
  });
  console.log(removed === 1 ? "Deleted 1 task." : `Deleted ${removed} tasks.`);
  for (const { taskId: id, reason } of kept) {
    console.log(`Task ${id} is not deleted: ${reason} Run the command again.`);
  }
  return removed === 0 || kept.length > 0 ? 1 : 0;
});

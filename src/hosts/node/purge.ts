import { parseArgs } from "node:util";
import { compose } from "../../compose.ts";
import { readConfig } from "../../config/read-config.ts";
import { createLogger } from "./logger.ts";
import { loadGatewayDefinition } from "./load-gateway-definition.ts";
import { DEFAULT_GATEWAY } from "./run-until-signal.ts";
import { ConfigError } from "../../config/config.ts";

/** `npm run purge -- --scope SCOPE` or `-- --task ID`: removes tasks now, whatever their age, with everything of them. */
const USAGE = `Removes tasks and everything stored of them, now and for good. What still runs is canceled first.

  npm run purge -- --scope SCOPE      every task of a caller: 32 hex digits, the first part of the task's key
  npm run purge -- --task ID          one task; give its --scope too, or every task is looked at

The store is that of the environment: STORAGE_CONNECTION_STRING or STORAGE_ACCOUNT (docs/configuration.md).`;

try {
  const { scope, task } = parse();
  const config = readConfig();
  if (config.TASK_STORE === "memory") {
    throw new ConfigError("TASK_STORE=memory: those tasks are in the host's own process, and go with it.");
  }
  const definition = await loadGatewayDefinition(config.GATEWAY_CONFIG ?? DEFAULT_GATEWAY);
  const gateway = await compose(config, definition, createLogger("warn"), "http://127.0.0.1");
  const removed = await gateway.purge({
    ...(scope !== undefined && { scope }),
    ...(task !== undefined && { taskId: task }),
  });
  await gateway.close();
  console.log(removed === 1 ? "1 task removed." : `${removed} tasks removed.`);
  process.exit(removed === 0 ? 1 : 0);
} catch (error) {
  console.error(error instanceof ConfigError ? `\n${error.message}\n` : error);
  process.exit(2);
}

function parse(): { readonly scope: string | undefined; readonly task: string | undefined } {
  const { scope, task } = readArguments();
  if (scope === undefined && task === undefined) {
    throw new ConfigError(USAGE);
  }
  if (scope !== undefined && !/^[0-9a-f]{32}$/.test(scope)) {
    throw new ConfigError(`--scope ${JSON.stringify(scope)} is not 32 hex digits.\n\n${USAGE}`);
  }
  return { scope, task };
}

function readArguments(): { scope?: string; task?: string } {
  try {
    return parseArgs({ options: { scope: { type: "string" }, task: { type: "string" } } }).values;
  } catch (error) {
    throw new ConfigError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}

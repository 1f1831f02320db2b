import { compose } from "../../compose.ts";
import type { ComposedGateway } from "../../compose.ts";
import { ConfigError } from "../../config/config.ts";
import { readConfig } from "../../config/read-config.ts";
import { createLogger } from "./logger.ts";
import { loadGatewayDefinition } from "./load-gateway-definition.ts";
import { DEFAULT_GATEWAY } from "./run-until-signal.ts";

/**
 * Runs an operator's command on the configured store, while hosts may be using it. Exits with the result of `run`, or with
 * 2 if the command cannot run.
 */
export async function runCommand(usage: string, run: (gateway: ComposedGateway) => Promise<number>): Promise<never> {
  try {
    const config = readConfig();
    if (config.TASK_STORE === "memory") {
      throw new ConfigError(
        "This command cannot run with TASK_STORE=memory, whose tasks exist only inside the host's process.",
      );
    }
    const definition = await loadGatewayDefinition(config.GATEWAY_CONFIG ?? DEFAULT_GATEWAY);
    const gateway = await compose(config, definition, createLogger("warn"), "http://127.0.0.1");
    const code = await run(gateway);
    await gateway.close();
    process.exit(code);
  } catch (error) {
    if (error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS")) {
      console.error(`\n${error.message}\n\n${usage}\n`);
    } else {
      console.error(error instanceof ConfigError ? `\n${error.message}\n` : error);
    }
    process.exit(2);
  }
}
